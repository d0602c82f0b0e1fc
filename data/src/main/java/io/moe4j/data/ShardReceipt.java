package io.moe4j.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Records that a shard is whole. It is written after the shard's files are durable, so that interrupted work continues after it.
 *
 * @param plan identifies corpus, tokenizer and options, in one line; equal for all shards of a folder
 * @param shard the content of the shard
 * @param after where the next shard begins
 */
record ShardReceipt(String plan, ShardInfo shard, TokenizePlace after) {
    private static final String END = ".properties";

    static Optional<ShardReceipt> read(Path folder, String name) {
        Path path = path(folder, name);
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        Records file = Records.read(path);
        return Optional.of(new ShardReceipt(file.text("plan"), shard(file, name, ""), new TokenizePlace(
                Math.toIntExact(Math.min(Integer.MAX_VALUE, file.count("next_file"))), file.text("next_position"),
                counts(file))));
    }

    static Path path(Path folder, String name) {
        return folder.resolve(name + END);
    }

    void write(Path folder) {
        Records file = new Records(path(folder, shard.name()));
        file.put("plan", plan);
        put(file, shard, "");
        file.put("next_file", after.file());
        file.put("next_position", after.position());
        put(file, after.counts());
        file.write();
    }

    static ShardInfo shard(Records file, String name, String prefix) {
        return new ShardInfo(name, file.count(prefix + "tokens"), file.count(prefix + "documents"),
                file.text(prefix + "sha256"));
    }

    static void put(Records file, ShardInfo shard, String prefix) {
        file.put(prefix + "tokens", shard.tokens());
        file.put(prefix + "documents", shard.documents());
        file.put(prefix + "sha256", shard.digest());
    }

    static DataCounts counts(Records file) {
        return new DataCounts(file.count("read_documents"), file.count("empty_documents"), file.count("bad_lines"),
                file.count("lone_surrogates"), file.count("invalid_bytes"));
    }

    static void put(Records file, DataCounts counts) {
        file.put("read_documents", counts.documents());
        file.put("empty_documents", counts.emptyDocuments());
        file.put("bad_lines", counts.badLines());
        file.put("lone_surrogates", counts.loneSurrogates());
        file.put("invalid_bytes", counts.invalidBytes());
    }
}
