package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * The special tokens of a folder in Hugging Face's layout, as its files name them.
 *
 * @param start the tokens that come before every text, as they are written; may be empty
 * @param endTokens ids that end a text; may be empty
 */
record FolderTokens(String start, Set<Integer> endTokens) {

    static FolderTokens of(Path folder) {
        Set<Integer> ends = endTokens(folder.resolve("generation_config.json"));
        return new FolderTokens(start(folder), ends.isEmpty() ? endTokens(folder.resolve("config.json")) : ends);
    }

    /** {@code add_bos_token} decides if it is given, and if there is such a token; otherwise the tokenizer's template does. */
    private static String start(Path folder) {
        JsonNode config = read(folder.resolve("tokenizer_config.json"));
        JsonNode adds = config.path("add_bos_token");
        if (adds.isBoolean() && !adds.booleanValue()) {
            return "";
        }
        if (adds.isBoolean()) {
            String own = text(config.path("bos_token"));
            String bos = own.isEmpty() ? text(read(folder.resolve("special_tokens_map.json")).path("bos_token")) : own;
            if (!bos.isEmpty()) {
                return bos;
            }
        }
        return template(read(folder.resolve("tokenizer.json")).path("post_processor")).orElse("");
    }

    private static String text(JsonNode token) {
        return token.isObject() ? token.path("content").asString("") : token.asString("");
    }

    /** The special tokens before the text in a TemplateProcessing, which may be part of a Sequence. */
    private static Optional<String> template(JsonNode processor) {
        for (JsonNode one : processor.path("processors")) {
            Optional<String> found = template(one);
            if (found.isPresent()) {
                return found;
            }
        }
        if (!processor.path("type").asString("").equals("TemplateProcessing")) {
            return Optional.empty();
        }
        StringBuilder start = new StringBuilder();
        for (JsonNode piece : processor.path("single")) {
            if (piece.has("Sequence")) {
                break;
            }
            start.append(piece.path("SpecialToken").path("id").asString(""));
        }
        return Optional.of(start.toString());
    }

    private static Set<Integer> endTokens(Path file) {
        JsonNode value = read(file).path("eos_token_id");
        Set<Integer> ids = new TreeSet<>();
        if (value.isInt()) {
            ids.add(value.intValue());
        } else if (value.isArray()) {
            for (JsonNode id : value) {
                if (!id.isInt()) {
                    throw new InputException(file + ": eos_token_id is " + Shown.of(value)
                            + ", and must be a whole number, or a list of them; take the published file");
                }
                ids.add(id.intValue());
            }
        } else if (!value.isMissingNode() && !value.isNull()) {
            throw new InputException(file + ": eos_token_id is " + Shown.of(value)
                    + ", and must be a whole number, or a list of them; take the published file");
        }
        return ids;
    }

    private static JsonNode read(Path file) {
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        try {
            return JsonMapper.shared().readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new InputException(
                    file + " is no JSON: " + Shown.parserMessage(e.getOriginalMessage()) + "; take the published file",
                    e);
        } catch (IOException e) {
            throw UnreadableFile.because(file, e);
        }
    }
}
