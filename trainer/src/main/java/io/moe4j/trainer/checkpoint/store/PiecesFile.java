package io.moe4j.trainer.checkpoint.store;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The digests of the files that one process wrote: {@code pieces-of-rank-00002.json}, named after its first rank.
 *
 * @param ranks the ranks of the process
 * @param files its files of tensors, by name
 */
record PiecesFile(List<Integer> ranks, Map<String, Content> files) {

    /**
     * A file of tensors.
     *
     * @param role what it holds
     * @param pieces the pieces that all its bytes consist of
     */
    record Content(Role role, List<Piece> pieces) {
        long bytes() {
            return pieces.stream().mapToLong(Piece::bytes).sum();
        }
    }

    PiecesFile {
        ranks = List.copyOf(ranks);
        files = new TreeMap<>(files);
    }

    static String name(Role role, int firstRank) {
        return String.format(Locale.ROOT, role == Role.PIECES ? "%s-of-rank-%05d.json" : "%s-of-rank-%05d.shard",
                role.text(), firstRank);
    }

    byte[] encode() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("ranks", ranks);
        json.put("files", files.entrySet().stream().map(file -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", file.getKey());
            fields.put("role", file.getValue().role.text());
            fields.put("pieces", file.getValue().pieces.stream()
                    .map(piece -> List.of(piece.bytes(), piece.sha256())).toList());
            return fields;
        }).toList());
        return (JsonMapper.shared().writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Reads what {@link #encode} wrote; its digest was compared before. */
    static PiecesFile decode(String name, byte[] bytes) {
        Fields fields = Fields.read(name, bytes);
        Map<String, Content> files = new TreeMap<>();
        fields.objects("files").forEach(file -> files.put(file.text("name"), new Content(file.role(),
                file.node().path("pieces").valueStream().map(PiecesFile::piece).toList())));
        return new PiecesFile(fields.ranks(), files);
    }

    private static Piece piece(JsonNode pair) {
        return new Piece(pair.path(0).asLong(0), pair.path(1).asString(""));
    }

    /** The entries of these files in the manifest. */
    List<StoredFile> stored(long step) {
        return files.entrySet().stream().map(file -> new StoredFile(file.getKey(), file.getValue().role, step, ranks,
                file.getValue().bytes(), Piece.digest(file.getValue().pieces))).toList();
    }
}
