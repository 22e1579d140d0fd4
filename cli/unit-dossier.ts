import { writeDossier } from '../adapters/dossier/dossier-pdf';
import type { UnitDetails } from '../adapters/postgres/unit-details';
import { unitHistory } from '../adapters/postgres/unit-queries';
import { dossierOf } from '../domain/dossier';
import type { CliContext } from './context';
import { writeOutFile } from './out-file';
import { printJson, say } from './output';
import { proofText, type UnitSource } from './unit-source';

/** `unit show ID --pdf FILE`: all that is known of one unit, on paper. */
export async function writeUnitDossier(
  context: CliContext,
  { details, source }: { readonly details: UnitDetails; readonly source: UnitSource },
  file: string,
  force: boolean,
): Promise<void> {
  const history = await unitHistory(await context.desk(), details.unit.unitId, source.moved);
  const proof = proofText(source);
  const facts = {
    ...{ ...details, history, from: source.from, at: new Date() },
    proof: proof === null ? null : [['Proof', proof] as const],
  };
  await writeOutFile(file, force, (stream) => writeDossier(dossierOf(facts), stream), '--pdf');
  if (context.json) return printJson(context, { serial: details.unit.serial, pdf: file });
  await say(context, `The dossier of ${details.unit.serial} was written to ${file}.`);
}
