package io.moe4j.trainer.chat;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** The chat template and the special tokens of a folder in Hugging Face's layout. */
final class FolderTemplate {
    static final String FILE = "chat_template.jinja";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String MAP = "special_tokens_map.json";
    private static final long LARGEST = 1 << 24;
    private static final List<String> TOKENS = List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
            "cls_token", "mask_token");

    private FolderTemplate() {}

    /** The template: {@code chat_template.jinja}, otherwise that of {@code tokenizer_config.json}, the one that is named "default" of several. */
    static Optional<String> template(Path folder) {
        if (Files.isRegularFile(folder.resolve(FILE))) {
            return Optional.of(text(folder.resolve(FILE)));
        }
        JsonNode template = json(folder.resolve(CONFIG)).path("chat_template");
        if (template.isString()) {
            return Optional.of(template.stringValue());
        }
        for (JsonNode each : template) {
            if (each.path("name").asString("").equals("default") && each.path("template").isString()) {
                return Optional.of(each.path("template").stringValue());
            }
        }
        return Optional.empty();
    }

    /** Whether it has special tokens at all. */
    static boolean hasTokens(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG)) || Files.isRegularFile(folder.resolve(MAP));
    }

    /** The special tokens by name, as they are written. */
    static Map<String, Object> tokens(Path folder) {
        Map<String, Object> tokens = new LinkedHashMap<>();
        JsonNode config = json(folder.resolve(CONFIG));
        JsonNode map = json(folder.resolve(MAP));
        for (String name : TOKENS) {
            for (JsonNode from : List.of(map, config)) {
                JsonNode token = from.path(name);
                String written = token.isObject() ? token.path("content").asString("") : token.asString("");
                if (!written.isEmpty()) {
                    tokens.put(name, written);
                }
            }
        }
        return tokens;
    }

    /** A text file of at most 16 MiB. */
    static String text(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new InputException(Shown.of(file) + (Files.exists(file) ? " is no file" : " does not exist")
                        + "; give a chat template, a text in Jinja such as chat_template.jinja of a published model");
            }
            if (Files.size(file) > LARGEST) {
                throw new InputException(Shown.of(file) + " has " + Files.size(file) + " bytes, and at most " + LARGEST
                        + " are read; give a chat template, a text in Jinja");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InputException(Shown.of(file) + " is not UTF-8; give a chat template, a text in Jinja", e);
        } catch (IOException e) {
            throw new InputException(
                    Shown.of(file) + " cannot be read (" + Shown.of(e.getMessage()) + "); see that you may read it", e);
        }
    }

    private static JsonNode json(Path file) {
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        try {
            return JsonMapper.shared().readTree(text(file));
        } catch (JacksonException e) {
            throw new InputException(
                    file + " is no JSON: " + Shown.parserMessage(e.getOriginalMessage()) + "; take the published file",
                    e);
        }
    }
}
