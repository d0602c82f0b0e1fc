package io.moe4j.chattemplate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** Reads the files of a model's folder that contain chat templates and special tokens. */
final class TemplateFiles {
    private static final String FILE = "chat_template.jinja";
    private static final String MORE = "additional_chat_templates";
    private static final String KEY = "chat_template";
    private static final List<String> TOKENS = List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
            "cls_token", "mask_token");
    /** The largest size of a file in bytes; the largest known tokenizer configurations have 2 MB. */
    private static final long LARGEST = 1L << 26;

    private TemplateFiles() {}

    /**
     * The templates of a folder.
     *
     * @param sources templates by name
     */
    record Found(Path file, Map<String, String> sources) {}

    static Optional<Found> find(Path folder) {
        Map<String, String> files = new TreeMap<>();
        Path own = folder.resolve(FILE);
        if (Files.isRegularFile(own)) {
            files.put("default", text(own));
        }
        Path more = folder.resolve(MORE);
        if (Files.isDirectory(more)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(more, "*.jinja")) {
                found.forEach(
                        file -> files.put(file.getFileName().toString().replaceFirst("\\.jinja$", ""), text(file)));
            } catch (IOException e) {
                throw UnreadableFile.because(more, e);
            }
        }
        if (!files.isEmpty()) {
            return Optional.of(new Found(files.containsKey("default") ? own : more, files));
        }
        return inJson(folder.resolve("tokenizer_config.json")).or(() -> inJson(folder.resolve("chat_template.json")));
    }

    private static Optional<Found> inJson(Path file) {
        JsonNode given = json(file).path(KEY);
        if (given.isMissingNode() || given.isNull()) {
            return Optional.empty();
        }
        Map<String, String> sources = new LinkedHashMap<>();
        if (given.isString()) {
            sources.put("default", given.stringValue());
        } else {
            for (JsonNode each : given) {
                if (!given.isArray() || !each.path("name").isString() || !each.path("template").isString()) {
                    sources.clear();
                    break;
                }
                sources.put(each.path("name").stringValue(), each.path("template").stringValue());
            }
        }
        if (sources.isEmpty()) {
            throw new InputException(Shown.of(file) + ": " + KEY + " is " + Shown.of(given)
                    + ", and must be a text, or a list of objects with name and template; take the published file");
        }
        return Optional.of(new Found(file, sources));
    }

    /** As in transformers: special_tokens_map.json is used if tokenizer_config.json does not list its tokens. */
    static Map<String, String> specialTokens(Path folder) {
        JsonNode config = json(folder.resolve("tokenizer_config.json"));
        Map<String, String> tokens = new TreeMap<>();
        put(config, tokens);
        if (!config.has("added_tokens_decoder")) {
            put(json(folder.resolve("special_tokens_map.json")), tokens);
        }
        return Map.copyOf(tokens);
    }

    private static void put(JsonNode from, Map<String, String> tokens) {
        for (String name : TOKENS) {
            JsonNode token = from.path(name);
            JsonNode content = token.isObject() ? token.path("content") : token;
            if (content.isString()) {
                tokens.put(name, content.stringValue());
            }
        }
    }

    private static JsonNode json(Path file) {
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        String text = text(file);
        try {
            return JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new InputException(Shown.of(file) + " is no JSON: " + Shown.parserMessage(e.getOriginalMessage())
                    + "; take the published file", e);
        }
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new InputException(
                        Shown.of(file) + " has " + Files.size(file) + " bytes; at most " + LARGEST + " are read");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InputException(Shown.of(file) + " is not in UTF-8; take the published file", e);
        } catch (IOException e) {
            throw UnreadableFile.because(file, e);
        }
    }
}
