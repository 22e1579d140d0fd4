import { writeDossier } from '../adapters/dossier/dossier-pdf';
import type { UnitDetails } from '../adapters/postgres/unit-details';
import { unitHistory } from '../adapters/postgres/unit-queries';
import { dossierOf } from '../domain/dossier';
import type { CliContext } from './context';
import { writeOutFile } from './out-file';
import { printJson, say } from './output';
import { logLines } from './unit-page';
import type { RecordProof } from './unit-proof';
import type { UnitSource } from './unit-source';

/** What was read of one unit, from where, and whether the log holds it. */
export interface ShownUnit {
  readonly details: UnitDetails;
  readonly source: UnitSource;
  readonly proof: RecordProof;
}

/** `unit show ID --pdf FILE`: all that is known of one unit, on paper. */
export async function writeUnitDossier(
  context: CliContext,
  { details, source, proof }: ShownUnit,
  file: string,
  force: boolean,
): Promise<void> {
  const history = await unitHistory(await context.desk(), details.unit.unitId, source.moved);
  const facts = {
    ...{ ...details, history, from: source.from, at: new Date() },
    proof: logLines(details.log, proof),
  };
  await writeOutFile(file, force, (stream) => writeDossier(dossierOf(facts), stream), '--pdf');
  if (context.json) return printJson(context, { serial: details.unit.serial, pdf: file });
  await say(context, `The dossier of ${details.unit.serial} was written to ${file}.`);
}
