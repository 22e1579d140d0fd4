import { writeDossier } from '../adapters/dossier/dossier-pdf';
import type { UnitDetails } from '../adapters/postgres/unit-details';
import { unitHistory } from '../adapters/postgres/unit-queries';
import { dossierOf } from '../domain/dossier';
import type { CliContext } from './context';
import { writeOutFile } from './out-file';
import { printJson, say } from './output';

/** `unit show ID --pdf FILE`: all that is known of one unit, on paper. */
export async function writeUnitDossier(
  context: CliContext,
  details: UnitDetails,
  file: string,
  force: boolean,
): Promise<void> {
  const history = await unitHistory(await context.desk(), details.unit.unitId);
  const facts = { ...details, history, from: 'database', proof: null, at: new Date() };
  await writeOutFile(file, force, (stream) => writeDossier(dossierOf(facts), stream), '--pdf');
  if (context.json) return printJson(context, { serial: details.unit.serial, pdf: file });
  await say(context, `The dossier of ${details.unit.serial} was written to ${file}.`);
}
