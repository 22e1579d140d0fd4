import type { CapsuleAbout } from '../../domain/capsule';

/** For a stranger in ten years, who has nothing but these files and ordinary tools. In lines of 80 characters. */
export function readmeText({ capsule, buyer, product, month, number, asOf, log }: CapsuleAbout): string {
  const whose = buyer === null ? 'units that ended without being shipped' : `units shipped to ${buyer}`;
  const late = number === 1 ? '' : ` (part ${number}: what came after the parts before it)`;
  return `${capsule}
${'='.repeat(capsule.length)}

Production records of ${whose}.
Product ${product}, month ${month} (UTC)${late}. Made ${asOf.toISOString()}.
Format: unitrail.capsule/1. Nothing here needs a server, a network or the
program that wrote it.

JUST LOOKING FOR ONE SERIAL NUMBER
----------------------------------
Open index.html in any browser, choose this folder, type the serial. Nothing
leaves your computer. Without a browser:

  grep -F '"serial":"THE-SERIAL"' records.jsonl

WHAT IS HERE
------------
  records.jsonl     one sealed record a line: JSON, UTF-8, sorted by serial
  records.parquet   the same records as a table (Apache Parquet, zstd); its
                    column "record" has each record's text, byte for byte
  statements.jsonl  what was said of a unit later: corrected, returned,
                    scrapped, void
  proofs.jsonl      for each record and statement, that the log holds it
  checkpoint        the head of that log, signed
  schema.json       what every column and every name means
  manifest.json     every other file with its size and SHA-256; signed
  index.html        the page for one serial
Only the manufacturer's own copy also has:
  events.jsonl      the whole history of each unit, event by event
  events.manifest.json   its size, SHA-256 and signature

READING THE TABLE
-----------------
DuckDB:

    select serial, firmware_version, destination, shipped_at
    from 'records.parquet' where serial = 'THE-SERIAL';
    select serial from 'records.parquet'
    where list_contains(component_lots, 'THE-LOT');

Python (pip install pyarrow):

    import pyarrow.parquet as pq
    table = pq.read_table('records.parquet',
                          filters=[('serial', '=', 'THE-SERIAL')])
    print(table.select(['serial', 'macs', 'destination']).to_pylist())

Serials, MAC addresses and lots are text: leading zeros count. Times are UTC.
A correction does not change a record: it stands in statements.jsonl, and is
what counts from its time on.

IS IT COMPLETE AND UNCHANGED?
-----------------------------
1. Digests. For each file, compare with manifest.json: sha256sum on Linux,
shasum -a 256 on macOS, certutil -hashfile NAME SHA256 on Windows. Or Python:

    import json, base64, hashlib
    manifest = json.load(open('manifest.json', encoding='utf-8'))
    for f in manifest['files']:
        digest = hashlib.sha256(open(f['name'], 'rb').read()).hexdigest()
        assert digest == f['sha256'], f['name'] + ' was changed'

2. The manifest's signature: Ed25519. What is signed is the manifest without
its member "signature", as JSON by RFC 8785: names sorted, no blanks. The
public key is in the member "publicKey" (DER of a SubjectPublicKeyInfo, in
base64). ANYBODY CAN MAKE A KEY: compare it with the one that the manufacturer
gave you on another way than these files. Python (pip install cryptography):

    from cryptography.hazmat.primitives.serialization import load_der_public_key
    B = base64.b64decode
    signed = {n: v for n, v in manifest.items() if n != 'signature'}
    text = json.dumps(signed, sort_keys=True, separators=(',', ':'),
                      ensure_ascii=False)
    load_der_public_key(B(manifest['publicKey'])).verify(
        B(manifest['signature']['value']), text.encode())  # raises if bad

3. One record's proof. The log is a Merkle tree as RFC 6962 has it:

  entry = SHA-256(salt + text of the record)
  leaf  = SHA-256(byte 00 + entry)
  node  = SHA-256(byte 01 + left + right)

In proofs.jsonl, the line with the SHA-256 of the record has its salt, the
index of its leaf, and the hashes beside its way up. A salt has 32 bytes: of
another length it could be part of another text. Python:

    H = lambda data: hashlib.sha256(data).digest()
    def root_of(document, proof, size):
        assert len(B(proof['salt'])) == 32, 'no salt'
        at, last, path = proof['index'], size - 1, list(map(B, proof['path']))
        h = H(b'\\0' + H(B(proof['salt']) + document))
        while last > 0:
            if at % 2: h = H(b'\\1' + path.pop(0) + h)
            elif at < last: h = H(b'\\1' + h + path.pop(0))
            at, last = at // 2, last // 2
        return h
    origin, size, root = open('checkpoint', encoding='utf-8').read().split('\\n')[:3]
    proofs = {}
    for line in open('proofs.jsonl', encoding='utf-8'):
        if '"serial":"THE-SERIAL"' in line:
            proof = json.loads(line); proofs[proof['sha256']] = proof
    for line in open('records.jsonl', 'rb'):
        if b'"serial":"THE-SERIAL"' in line:
            record = line.rstrip(b'\\n')
            proof = proofs[hashlib.sha256(record).hexdigest()]
            assert root_of(record, proof, int(size)) == B(root), 'changed'
            print('the proof of', json.loads(record)['serial'], 'holds')

For a statement, take the text of its "document" instead of the line.

4. The checkpoint's signature: a signed note as https://c2sp.org/signed-note
and https://c2sp.org/tlog-checkpoint describe it. Its log is

  ${log.verifierKey}

Whoever kept a checkpoint of that log elsewhere can ask for a proof that this
one goes on from it: then nothing was changed in between.

All of this at once, where Unitrail itself still runs:
  unitrail capsule verify . --key keys.txt
  unitrail capsule query . --serial THE-SERIAL --key keys.txt

WHAT THIS DOES NOT SHOW
-----------------------
That a record was true when it was sealed. It shows that nobody changed it
since: not the buyer, and not the manufacturer.
`;
}
