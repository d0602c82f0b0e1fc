package io.moe4j.trainer.model;

import io.moe4j.trainer.huggingface.FolderWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the chat template of a run: as a file, which transformers reads first, and into {@code tokenizer_config.json}, which older software reads, if that
 * has a different one. It also replaces the template for conversations with tools, because the run was trained on those with it. Templates of other names are
 * kept.
 */
final class ExportedTemplate {
    private static final String CONFIG = "tokenizer_config.json";
    private static final String KEY = "chat_template";
    /** The folder of templates that are neither the default nor in {@code tokenizer_config.json}. */
    static final String MORE = "additional_chat_templates";
    private static final Set<String> OWN = Set.of("default", "tool_use");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-]+");
    /** Files that are not copied: they are written here, or left out. */
    static final Set<String> REPLACED = Set.of(RunChat.FILE, "chat_template.json", CONFIG, MORE + "/default.jinja",
            MORE + "/tool_use.jinja");

    private ExportedTemplate() {}

    /**
     * Writes it.
     *
     * @param tokenizer the folder with the tokenizer's files, if there is one
     */
    static void write(String template, Optional<Path> tokenizer, FolderWriter writer) throws IOException {
        writer.text(template, RunChat.FILE);
        Optional<Path> config = tokenizer.map(folder -> folder.resolve(CONFIG)).filter(Files::isRegularFile);
        if (config.isEmpty()) {
            return;
        }
        try {
            JsonNode read = JsonMapper.shared().readTree(Files.readString(config.get()));
            if (read instanceof ObjectNode object && object.has(KEY)) {
                if (object.get(KEY) instanceof ArrayNode named) {
                    others(named, tokenizer.orElseThrow(), writer);
                }
                object.put(KEY, template);
                writer.text(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                        .writeValueAsString(object) + "\n", CONFIG);
                return;
            }
        } catch (JacksonException e) {
            // A file that is not JSON has no template, and is copied unchanged.
        }
        writer.copy(config.get(), CONFIG);
    }

    /**
     * If there is a template file, transformers ignores the templates in {@code tokenizer_config.json}; so templates of other names are written as files too.
     */
    private static void others(ArrayNode named, Path tokenizer, FolderWriter writer) throws IOException {
        for (JsonNode each : named) {
            String name = each.path("name").asString("");
            String file = MORE + "/" + name + ".jinja";
            if (!OWN.contains(name) && PLAIN.matcher(name).matches() && each.path("template").isString()
                    && !Files.exists(tokenizer.resolve(file))) {
                writer.text(each.path("template").stringValue(), file);
            }
        }
    }
}
