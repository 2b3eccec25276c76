// Prints what the parser finds in a document on stdin: nothing in a valid one.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const found = await new Parser().validate(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(found.map((each) => `${each.path.join(".")}: ${each.message}`)));
