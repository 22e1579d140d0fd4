/** What ends the wait of a held unit, with all that the commands need. */
export function decisionCommand(serial: string): string {
  return `unitrail unit retry|rework|scrap ${serial} --by OPERATOR --note TEXT (rework: --step STEP as well)`;
}
