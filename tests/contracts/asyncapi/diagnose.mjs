// Prints what the AsyncAPI project's parser has to say of a document, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify({ channels: document?.channels().all().length ?? 0, messages: document?.allMessages().all().length ?? 0, operations: document?.allOperations().all().length ?? 0, diagnostics }));
