import { FlagProblem } from './flags';
import { csvFields, readBoolean } from './mount';

/** @throws FlagProblem for a --device that BuildKit refuses */
export function checkDevice(value: string): void {
  let name = '';
  for (const field of csvFields(value)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const text = field.slice(equals + 1);
    if (equals < 0 && key === 'required') continue;
    if (equals >= 0 && key === 'required') readBoolean(key, text);
    else if (equals >= 0 && key === 'name') {
      if (name !== '') throw new FlagProblem(`device name already set to ${name}`);
      name = text;
    } else if (name === '') name = field;
    else if (equals < 0) throw new FlagProblem(`invalid field '${field}' must be a key=value pair`);
    else throw new FlagProblem(`unexpected key '${key}' in '${field}'`);
  }
}
