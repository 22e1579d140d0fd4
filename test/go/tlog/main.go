// Checks a log and the proofs of an export by the Go project's own code for transparency logs (golang.org/x/mod/sumdb),
// which was not written here:
//
//	tlog [-witness KEY] KEY FOLDER [EXPORT...]
//
// The witness has to have co-signed the log of the last export (c2sp.org/tlog-cosignature). KEY is the log's key as `unitrail keys` prints it, FOLDER the log's folder, EXPORT the names of an export's files without
// their endings, in their order. Prints what it has checked, one a line; exits 1 at the first thing that is wrong.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Document string   `json:"document"`
	Serial   string   `json:"serial"`
	Sha256   string   `json:"sha256"`
	Index    int64    `json:"index"`
	Salt     []byte   `json:"salt"`
	Path     [][]byte `json:"path"`
}

type manifest struct {
	Log struct {
		Size        int64  `json:"size"`
		Root        []byte `json:"root"`
		Consistency *struct {
			From struct {
				Size int64  `json:"size"`
				Root []byte `json:"root"`
			} `json:"from"`
			Path [][]byte `json:"path"`
		} `json:"consistency"`
		Cosigned []struct {
			Note string   `json:"note"`
			Path [][]byte `json:"path"`
		} `json:"cosigned"`
	} `json:"log"`
}

// folderReader reads tiles where C2SP's tlog-tiles keeps them: as sumdb does, without the height in the path.
type folderReader struct{ folder string }

func (r folderReader) Height() int { return 8 }

func (r folderReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// tile/8/0/x001/067.p/12, and the 8 is not in C2SP's path.
		path := tile.Path()
		data, err := os.ReadFile(filepath.Join(r.folder, "tile", path[len("tile/8/"):]))
		if err != nil {
			full := tile
			full.W = 1 << 8
			data, err = os.ReadFile(filepath.Join(r.folder, "tile", full.Path()[len("tile/8/"):]))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, data[:tile.W*tlog.HashSize])
	}
	return all, nil
}

func (r folderReader) SaveTiles([]tlog.Tile, [][]byte) {}

// witness verifies what x/mod's own verifiers don't know: type 4, whose signatures have a time before them.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	said := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(said), sig[8:])
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		fail("%s is no key of a witness", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	must(err)
	if len(key) != 1+ed25519.PublicKeySize || key[0] != 4 || binary.BigEndian.Uint32(digest[:]) != uint32(hash) {
		fail("%s is no key of a witness", vkey)
	}
	return witness{parts[0], uint32(hash), key[1:]}
}

func main() {
	vkey := flag.String("witness", "", "public key of a witness")
	flag.Parse()
	if flag.NArg() < 2 {
		fail("usage: tlog [-witness KEY] KEY FOLDER [EXPORT...]")
	}
	verifier, err := note.NewVerifier(flag.Arg(0))
	must(err)
	folder := flag.Arg(1)
	tree := openCheckpoint(filepath.Join(folder, "checkpoint"), verifier)
	fmt.Printf("checkpoint %d of %s\n", tree.N, verifier.Name())
	checkTiles(folder, tree)
	names := flag.Args()[2:]
	var before *tlog.Tree
	for _, name := range names {
		before = checkExport(folder, name, verifier, tree, before)
	}
	if *vkey != "" {
		checkWitness(names[len(names)-1], *before, verifier, newWitness(*vkey))
	}
}

// The log of the export goes on from what the witness has co-signed; log and witness have signed the same note.
func checkWitness(name string, tree tlog.Tree, verifier note.Verifier, witness witness) {
	data, err := os.ReadFile(name + ".manifest.json")
	must(err)
	var m manifest
	must(json.Unmarshal(data, &m))
	for _, cosigned := range m.Log.Cosigned {
		opened, err := note.Open([]byte(cosigned.Note), note.VerifierList(verifier, witness))
		must(err)
		if len(opened.Sigs) != 2 {
			fail("%s: %d signatures hold of the log's and the witness's", name, len(opened.Sigs))
		}
		older := treeIn(opened.Text, name)
		must(tlog.CheckTree(hashes(cosigned.Path), tree.N, tree.Hash, older.N, older.Hash))
		fmt.Printf("%s: goes on from %d, co-signed by %s\n", filepath.Base(name), older.N, witness.name)
		return
	}
	fail("%s: nothing is co-signed", name)
}

func openCheckpoint(path string, verifier note.Verifier) tlog.Tree {
	data, err := os.ReadFile(path)
	must(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	must(err)
	if !strings.HasPrefix(opened.Text, verifier.Name()+"\n") {
		fail("%s is no checkpoint of %s", path, verifier.Name())
	}
	return treeIn(opened.Text, path)
}

func treeIn(text, path string) tlog.Tree {
	lines := bytes.Split([]byte(text), []byte("\n"))
	if len(lines) != 4 {
		fail("%s has no checkpoint", path)
	}
	var tree tlog.Tree
	var err error
	_, err = fmt.Sscanf(string(lines[1]), "%d", &tree.N)
	must(err)
	tree.Hash, err = tlog.ParseHash(string(lines[2]))
	must(err)
	return tree
}

// Each leaf's hash is read through tiles that lead to the root, and is that of the entry beside it.
func checkTiles(folder string, tree tlog.Tree) {
	reader := tlog.TileHashReader(tree, folderReader{folder})
	for index := int64(0); index < tree.N; index++ {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		must(err)
		if tlog.RecordHash(entryAt(folder, index, tree.N)) != hashes[0] {
			fail("entry %d is not that of its leaf", index)
		}
	}
	fmt.Printf("%d leaves and entries\n", tree.N)
}

func entryAt(folder string, index, size int64) []byte {
	tile := tlog.TileForIndex(8, tlog.StoredHashIndex(0, index))
	tile.W = int(min(256, size-tile.N*256))
	path := tile.Path()[len("tile/8/0/"):]
	data, err := os.ReadFile(filepath.Join(folder, "tile", "entries", path))
	must(err)
	for at := int64(0); ; at++ {
		length := binary.BigEndian.Uint16(data)
		if at == index%256 {
			return data[2 : 2+length]
		}
		data = data[2+length:]
	}
}

func checkExport(folder, name string, verifier note.Verifier, newest tlog.Tree, before *tlog.Tree) *tlog.Tree {
	tree := openCheckpoint(name+".checkpoint", verifier)
	data, err := os.ReadFile(name + ".manifest.json")
	must(err)
	var m manifest
	must(json.Unmarshal(data, &m))
	if m.Log.Size != tree.N || !bytes.Equal(m.Log.Root, tree.Hash[:]) {
		fail("%s: the manifest has another checkpoint", name)
	}
	if before != nil {
		if m.Log.Consistency == nil || m.Log.Consistency.From.Size != before.N {
			fail("%s: does not go on from %d", name, before.N)
		}
		must(tlog.CheckTree(hashes(m.Log.Consistency.Path), tree.N, tree.Hash, before.N, before.Hash))
		fmt.Printf("%s: %d goes on from %d\n", filepath.Base(name), tree.N, before.N)
	}
	records, proofs := lines(name+".records.jsonl"), lines(name+".proofs.jsonl")
	if len(records) != len(proofs) {
		fail("%s: %d records, %d proofs", name, len(records), len(proofs))
	}
	for at, record := range records {
		var p proof
		must(json.Unmarshal(proofs[at], &p))
		digest := sha256.Sum256(record)
		if hex.EncodeToString(digest[:]) != p.Sha256 {
			fail("%s: proof %d is of another record", name, at)
		}
		entry := sha256.Sum256(append(append([]byte{}, p.Salt...), record...))
		must(tlog.CheckRecord(hashes(p.Path), tree.N, tree.Hash, p.Index, tlog.RecordHash(entry[:])))
	}
	fmt.Printf("%s: %d proofs\n", filepath.Base(name), len(proofs))
	// And what this code proves itself, from our tiles, is what we have proven.
	reader := tlog.TileHashReader(newest, folderReader{folder})
	if tree.N > 0 && tree.N < newest.N {
		path, err := tlog.ProveTree(newest.N, tree.N, reader)
		must(err)
		must(tlog.CheckTree(path, newest.N, newest.Hash, tree.N, tree.Hash))
	}
	return &tree
}

func lines(path string) [][]byte {
	file, err := os.Open(path)
	must(err)
	defer file.Close()
	var all [][]byte
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		all = append(all, bytes.Clone(scanner.Bytes()))
	}
	must(scanner.Err())
	return all
}

func hashes(path [][]byte) []tlog.Hash {
	all := make([]tlog.Hash, len(path))
	for at, one := range path {
		if len(one) != tlog.HashSize {
			fail("a hash of %d bytes: %s", len(one), base64.StdEncoding.EncodeToString(one))
		}
		copy(all[at][:], one)
	}
	return all
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
