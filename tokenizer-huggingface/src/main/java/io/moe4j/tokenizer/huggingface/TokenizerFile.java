package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A tokenizer.json. */
final class TokenizerFile {
    static final String NAME = "tokenizer.json";
    private static final long LARGEST = 256 << 20;
    /** What Git leaves in place of a file where Git LFS is not installed begins like this. */
    private static final String POINTER = "version https://git-lfs";
    /** The parts that decide which ids a text has. The others are for decoding, and for tokens that are added around a text. */
    private static final List<String> DECIDING = List.of("normalizer", "pre_tokenizer", "model", "added_tokens");

    private final Path path;
    private final String json;
    private final JsonNode root;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Set<Integer> special = new HashSet<>();
    private final int vocabulary;

    private TokenizerFile(Path path, String json, JsonNode root) {
        this.path = path;
        this.json = json;
        this.root = root;
        int largest = Math.max(addVocabulary(root.path("model").path("vocab")), addTokens(root.path("added_tokens")));
        if (largest < 0) {
            throw refusal("it has no ids; give a " + NAME);
        }
        this.vocabulary = largest + 1;
        requireNoDropout();
    }

    static TokenizerFile read(Path path) {
        String json = text(path);
        return new TokenizerFile(path, json, parse(path, json));
    }

    /** Its path. */
    Path path() {
        return path;
    }

    /** Its text, unchanged: re-written numbers could be read differently. */
    String json() {
        return json;
    }

    /** Its content. */
    JsonNode root() {
        return root;
    }

    /** The number of ids, one more than the largest. */
    int vocabulary() {
        return vocabulary;
    }

    /** The id of a token as it is written in the file; added tokens take precedence. */
    Optional<Integer> id(String token) {
        return Optional.ofNullable(ids.get(token));
    }

    /** Whether an added token is a special one. */
    boolean isSpecial(int id) {
        return special.contains(id);
    }

    /** SHA-256 of the parts that decide which ids a text has, independent of the file's formatting. */
    String digest() {
        MessageDigest sha = Sha256.begin();
        for (String part : DECIDING) {
            sha.update((part + root.path(part) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return Sha256.hex(sha);
    }

    static JsonNode parse(Path path) {
        return parse(path, text(path));
    }

    private static JsonNode parse(Path path, String json) {
        if (json.startsWith(POINTER)) {
            throw new InputException(
                    path + " is only a pointer of Git LFS to the file, because the folder was cloned without"
                            + " it; fetch the files with git lfs pull, or download them");
        }
        try {
            return JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new InputException(path + " is not JSON: " + Shown.parserMessage(e.getOriginalMessage())
                    + "; copy it again from where it was published", e);
        }
    }

    private static String text(Path path) {
        try {
            if (!Files.isRegularFile(path) || Files.size(path) > LARGEST) {
                throw new InputException(path + " is no tokenizer: a file of at most " + LARGEST + " bytes is needed");
            }
            return Files.readString(path);
        } catch (CharacterCodingException e) {
            throw new InputException(path + " is not in UTF-8; copy it again from where it was published", e);
        } catch (IOException e) {
            throw UnreadableFile.because(path, e);
        }
    }

    /** The largest id. An object has ids by token; a list has pairs of token and score, one for each id. */
    private int addVocabulary(JsonNode vocab) {
        int largest = -1;
        if (vocab.isArray()) {
            for (JsonNode pair : vocab) {
                largest++;
                ids.putIfAbsent(pair.path(0).asString(""), largest);
            }
            return largest;
        }
        for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
            int id = id(entry.getValue(), entry.getKey());
            ids.put(entry.getKey(), id);
            largest = Math.max(largest, id);
        }
        return largest;
    }

    private int addTokens(JsonNode tokens) {
        int largest = -1;
        for (JsonNode token : tokens) {
            String content = token.path("content").asString("");
            int id = id(token.path("id"), content);
            ids.put(content, id);
            if (token.path("special").asBoolean(false)) {
                special.add(id);
            }
            largest = Math.max(largest, id);
        }
        return largest;
    }

    private int id(JsonNode id, String token) {
        // The native library has 32-bit ids, and allocates memory for all ids up to the largest.
        if (!id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= 1 << 24) {
            throw refusal("the id of \"" + Shown.of(token) + "\" is " + Shown.of(id) + ", and ids are in [0, "
                    + (1 << 24) + ")");
        }
        return id.intValue();
    }

    /** With dropout, a text would get different ids each time. */
    private void requireNoDropout() {
        JsonNode dropout = root.path("model").path("dropout");
        if (dropout.isNumber() && dropout.doubleValue() != 0) {
            throw refusal("its model.dropout is " + dropout
                    + ", so that a text would have other ids each time; set it to null");
        }
    }

    private InputException refusal(String reason) {
        return new InputException(path + " is no tokenizer: " + reason);
    }
}
