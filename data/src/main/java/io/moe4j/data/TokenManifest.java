package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The content of a folder of tokenized text: the file {@code tokens.properties}.
 *
 * @param tokenizer identity of the tokenizer; see {@link io.moe4j.api.text.Tokenizer#identity()}
 * @param tokenizerName a provider's id, or the path of the tokenizer's file below the folder
 * @param vocabulary number of ids
 * @param endToken the id that ends each document
 * @param plan one line that identifies what was tokenized and how: digests of the tokenizer, of names and sizes of the files, and of their contents
 * @param conversations whether the documents are conversations, and shards say which tokens are learned
 * @param tokens number of tokens of all shards
 * @param counts counts of the documents that were read, and of problems
 * @param shards in order
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record TokenManifest(String tokenizer, String tokenizerName, int vocabulary, int endToken, String plan,
        boolean conversations, long tokens,
        DataCounts counts, List<ShardInfo> shards) {
    /** The file's name. A folder with it is whole. */
    public static final String NAME = "tokens.properties";
    static final String FORMAT = "moe4j tokens";
    /** The version of folders of texts. */
    static final long VERSION = 1;
    /** The version of folders of conversations: an earlier moe4j, which would learn every token, refuses it. */
    static final long CONVERSATIONS = 2;
    /** Ids below this fit into two bytes. */
    private static final int SHORT = 1 << 16;

    public TokenManifest {
        shards = List.copyOf(shards);
    }

    /** Bytes of a token: 2 or 4. */
    public int tokenBytes() {
        return tokenBytes(vocabulary);
    }

    static int tokenBytes(int vocabulary) {
        return vocabulary <= SHORT ? Short.BYTES : Integer.BYTES;
    }

    /** Documents of all shards: those that have tokens. */
    public long documents() {
        return shards.stream().mapToLong(ShardInfo::documents).sum();
    }

    /** Equal for two folders with the same tokens. */
    String digest() {
        String all = shards.stream().map(ShardInfo::digest).collect(Collectors.joining(" "));
        return Sha256.of(all.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    /**
     * Reads it.
     *
     * @throws InputException if it is missing, damaged, or of another version
     */
    public static TokenManifest read(Path folder) {
        Records file = Records.read(folder.resolve(NAME));
        if (!file.text("format").equals(FORMAT)) {
            throw file.damaged("has the format \"" + Shown.of(file.text("format")) + "\", and not \"" + FORMAT + "\"");
        }
        if (file.count("version") != VERSION && file.count("version") != CONVERSATIONS) {
            throw new InputException(folder + " was written in version " + file.count("version")
                    + " of its format, and this moe4j"
                    + " reads versions " + VERSION + " and " + CONVERSATIONS + "; "
                    + (file.count("version") > CONVERSATIONS ? "use a later moe4j"
                            : "make it again with moe4j tokenize"));
        }
        List<ShardInfo> shards = new ArrayList<>();
        long tokens = 0;
        for (long i = 0; i < file.count("shards"); i++) {
            String name = shardName(i);
            ShardInfo shard = ShardReceipt.shard(file, name, name + ".");
            shards.add(shard);
            tokens += shard.tokens();
        }
        long vocabulary = file.count("vocabulary");
        long end = file.count("end_token");
        if (tokens != file.count("tokens") || vocabulary < 1 || vocabulary > MarkedToken.MOST_IDS
                || end >= vocabulary) {
            throw file
                    .damaged("contradicts itself: " + tokens + " tokens of " + shards.size() + " shards, " + vocabulary
                            + " ids, end token " + end);
        }
        return new TokenManifest(file.text("tokenizer"), file.text("tokenizer_name"), (int) vocabulary, (int) end,
                file.text("plan"), file.count("version") == CONVERSATIONS, tokens, ShardReceipt.counts(file), shards);
    }

    void write(Path folder) {
        Records file = new Records(folder.resolve(NAME));
        file.put("format", FORMAT);
        file.put("version", conversations ? CONVERSATIONS : VERSION);
        file.put("tokenizer", tokenizer);
        file.put("tokenizer_name", tokenizerName);
        file.put("vocabulary", vocabulary);
        file.put("end_token", endToken);
        file.put("token_bytes", tokenBytes());
        file.put("plan", plan);
        file.put("tokens", tokens);
        ShardReceipt.put(file, counts);
        file.put("shards", shards.size());
        for (ShardInfo shard : shards) {
            ShardReceipt.put(file, shard, shard.name() + ".");
        }
        file.write();
    }

    static String shardName(long number) {
        return String.format(Locale.ROOT, "shard-%05d", number);
    }
}
