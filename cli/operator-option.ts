import { wrongOption } from '../domain/wrong-option';

const OPERATOR = /^[0-9A-Za-z-]{1,16}$/;

/** `--by`: who decides. People have numbers here, and names in one table alone. */
export function readOperator(text: string): string {
  if (OPERATOR.test(text)) return text;
  throw wrongOption('--by', text, 'an operator number of up to 16 letters, digits and "-"');
}
