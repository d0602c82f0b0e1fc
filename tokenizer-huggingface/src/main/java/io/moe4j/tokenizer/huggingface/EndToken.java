package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The token that ends a document: the requested one; otherwise the one that the model's files beside tokenizer.json name; otherwise one of the names that
 * published models use.
 */
final class EndToken {
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    /** Where older versions of transformers wrote the names of special tokens, and all versions read them. */
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    /** Files that may have {@code eos_token_id}: a number, or a list whose first entry is used. */
    private static final List<String> MODEL_CONFIGS = List.of("generation_config.json", "config.json");
    /** All files that may name it. */
    static final List<String> CONFIGS = List.of(TOKENIZER_CONFIG, SPECIAL_TOKENS, "generation_config.json",
            "config.json");
    private static final List<String> KNOWN = List.of("<|endoftext|>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
            "</s>",
            "<|end_of_text|>", "<eos>");
    private static final String REMEDY = "; name it with data.end_token, such as data.end_token = \"<|endoftext|>\"";

    private EndToken() {}

    /** Its id. */
    static int find(TokenizerFile file, Optional<String> wanted) {
        if (wanted.isPresent()) {
            return id(file, wanted.get(), "data.end_token");
        }
        Optional<Integer> said = named(file, TOKENIZER_CONFIG).or(() -> named(file, SPECIAL_TOKENS));
        for (String config : MODEL_CONFIGS) {
            said = said.or(() -> ofModelConfig(file, config));
        }
        return said.or(() -> KNOWN.stream().map(file::id).flatMap(Optional::stream).findFirst())
                .orElseThrow(
                        () -> new InputException(file.path() + " has no token that ends a document: none of " + KNOWN
                                + " is in its vocabulary, and no " + TOKENIZER_CONFIG + ", " + SPECIAL_TOKENS + ", "
                                + String.join(" or ", MODEL_CONFIGS)
                                + " beside it names one" + REMEDY));
    }

    private static Optional<Integer> named(TokenizerFile file, String name) {
        Path path = file.path().resolveSibling(name);
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        JsonNode token = TokenizerFile.parse(path).path("eos_token");
        JsonNode content = token.isObject() ? token.path("content") : token;
        return content.isString() ? Optional.of(id(file, content.stringValue(), "eos_token of " + path))
                : Optional.empty();
    }

    private static Optional<Integer> ofModelConfig(TokenizerFile file, String name) {
        Path path = file.path().resolveSibling(name);
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        JsonNode given = TokenizerFile.parse(path).path("eos_token_id");
        JsonNode id = given.isArray() ? given.path(0) : given;
        if (id.isMissingNode() || id.isNull()) {
            return Optional.empty();
        }
        if (!id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= file.vocabulary()) {
            throw new InputException(
                    "eos_token_id of " + path + " is " + Shown.of(id) + ", and the tokenizer beside it has the"
                            + " ids 0 to " + (file.vocabulary() - 1) + REMEDY);
        }
        return Optional.of(id.intValue());
    }

    private static int id(TokenizerFile file, String token, String where) {
        return file.id(token).orElseThrow(() -> new InputException(where + " is \"" + Shown.of(token)
                + "\", which is no token of " + file.path() + REMEDY));
    }
}
