package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A tokenizer.json.
 *
 * @param path where it is
 * @param json its content
 * @param vocabulary the number of ids, one more than the largest
 * @param endToken the id that ends a document
 */
record TokenizerFile(Path path, String json, int vocabulary, int endToken) {
    static final String NAME = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final long LARGEST = 256 << 20;
    /** Where no tokenizer_config.json names the token that ends a text: those of published models. */
    private static final List<String> ENDS = List.of("<|endoftext|>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "</s>",
            "<|end_of_text|>", "<eos>");

    static TokenizerFile read(Path path) {
        JsonNode root = parse(path);
        Map<String, Integer> added = new HashMap<>();
        int largest = vocabulary(path, root.path("model").path("vocab"));
        for (JsonNode token : root.path("added_tokens")) {
            added.put(token.path("content").asString(""), token.path("id").asInt(-1));
            largest = Math.max(largest, token.path("id").asInt(-1));
        }
        if (largest < 0) {
            throw new InputException(path + " is no tokenizer: it has no ids; give a " + NAME);
        }
        return new TokenizerFile(path, root.toString(), largest + 1, end(path, added));
    }

    private static JsonNode parse(Path path) {
        try {
            if (!Files.isRegularFile(path) || Files.size(path) > LARGEST) {
                throw new InputException(path + " is no tokenizer: a file of at most " + LARGEST + " bytes is needed");
            }
            return JsonMapper.shared().readTree(Files.readString(path));
        } catch (JacksonException e) {
            throw new InputException(path + " is no tokenizer: it is not JSON: " + Shown.of(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new InputException(path + " cannot be read (" + Shown.of(e.getMessage())
                    + "); give a text in UTF-8 that this user may read", e);
        }
    }

    /** The largest id: an object has ids by token, a list has one entry for each id. */
    private static int vocabulary(Path path, JsonNode vocab) {
        if (vocab.isArray()) {
            return vocab.size() - 1;
        }
        int largest = -1;
        for (JsonNode id : vocab) {
            if (!id.canConvertToInt() || id.intValue() < 0) {
                throw new InputException(path + " is no tokenizer: an id is " + Shown.of(id));
            }
            largest = Math.max(largest, id.intValue());
        }
        return largest;
    }

    private static int end(Path path, Map<String, Integer> added) {
        Path config = path.resolveSibling(CONFIG);
        Optional<String> named = Files.exists(config) ? text(parse(config).path("eos_token")) : Optional.empty();
        List<String> candidates = named.map(List::of).orElse(ENDS);
        return candidates.stream().filter(added::containsKey).map(added::get).findFirst()
                .orElseThrow(() -> new InputException(path + " has no token that ends a text: none of " + candidates
                        + " is among its added tokens; put a " + CONFIG + " with eos_token beside it"));
    }

    private static Optional<String> text(JsonNode token) {
        JsonNode content = token.isObject() ? token.path("content") : token;
        return content.isString() ? Optional.of(content.stringValue()) : Optional.empty();
    }
}
