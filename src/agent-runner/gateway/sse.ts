import { StringDecoder } from "node:string_decoder";

export interface SseReader {
  readonly push: (chunk: Buffer) => void;
  /** What stands unfinished at the end counts as an event, as lenient clients do. */
  readonly end: () => void;
}

interface Options {
  /** Events with more characters are skipped, so that a stream without line ends takes no memory. */
  readonly longest: number;
  readonly onData: (data: string) => void;
  readonly onSkipped: () => void;
}

/** Reads the data of server-sent events out of a stream that is cut anywhere. All three kinds of line ends count. */
export function createSseReader({ longest, onData, onSkipped }: Options): SseReader {
  const decoder = new StringDecoder("utf8");
  let afterReturn = false;
  let line = "";
  let lineSize = 0;
  let data: string[] = [];
  let dataSize = 0;

  const take = (piece: string) => {
    lineSize += piece.length;
    if (dataSize + lineSize <= longest) line += piece;
  };

  const dispatch = () => {
    if (dataSize > longest) onSkipped();
    else if (data.length > 0) onData(data.join("\n"));
    data = [];
    dataSize = 0;
  };

  const endLine = () => {
    if (lineSize === 0) dispatch();
    else if (line.startsWith("data:") || dataSize + lineSize > longest) {
      dataSize += lineSize;
      if (dataSize <= longest) data.push(line.slice(line[5] === " " ? 6 : 5));
    }
    line = "";
    lineSize = 0;
  };

  const read = (text: string) => {
    if (text === "") return;
    let from = afterReturn && text[0] === "\n" ? 1 : 0;
    afterReturn = false;
    const ends = /\r\n?|\n/g;
    ends.lastIndex = from;
    for (let end = ends.exec(text); end; end = ends.exec(text)) {
      take(text.slice(from, end.index));
      endLine();
      from = ends.lastIndex;
      // The line feed that belongs to a return may come with the next chunk.
      afterReturn = end[0] === "\r" && from === text.length;
    }
    take(text.slice(from));
  };

  return {
    push: (chunk) => read(decoder.write(chunk)),
    end: () => {
      read(decoder.end());
      if (lineSize > 0) endLine();
      dispatch();
    },
  };
}
