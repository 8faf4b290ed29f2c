import type { Asked, Refusal, RefusalBody } from "./protocol.ts";

interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly code?: string;
  readonly param?: string;
}

/** How OpenAI says no; the same words for Responses and Chat Completions but for the length of a conversation. */
export function refuseLikeOpenAi(refusal: Refusal, asked: Asked | undefined, overflow: OpenAiError): RefusalBody {
  switch (refusal.kind) {
    case "quota":
      return body(429, {
        message: "You exceeded your current quota, please check your plan and billing details.",
        type: "insufficient_quota",
        code: "insufficient_quota",
      });
    case "overflow":
      return body(400, overflow);
    case "status":
      return body(refusal.status, withMessage(ofStatus(refusal.status, asked?.model ?? "unknown"), refusal.message));
  }
}

function body(status: number, { message, type, code, param }: OpenAiError): RefusalBody {
  return { status, body: { error: { message, type, param: param ?? null, code: code ?? null } } };
}

function withMessage(error: OpenAiError, message: string | undefined): OpenAiError {
  return message === undefined ? error : { ...error, message };
}

function ofStatus(status: number, model: string): OpenAiError {
  switch (status) {
    case 401:
      return { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" };
    case 403:
      return { message: "You are not allowed to sample from this model.", type: "invalid_request_error" };
    case 404:
      return {
        message: `The model \`${model}\` does not exist or you do not have access to it.`,
        type: "invalid_request_error",
        code: "model_not_found",
      };
    case 429:
      return {
        message: `Rate limit reached for ${model} on requests per min (RPM): Limit 3, Used 3, Requested 1.`,
        type: "requests",
        code: "rate_limit_exceeded",
      };
    default:
      return status < 500
        ? { message: "The request could not be understood.", type: "invalid_request_error" }
        : { message: "The server had an error while processing your request.", type: "server_error" };
  }
}
