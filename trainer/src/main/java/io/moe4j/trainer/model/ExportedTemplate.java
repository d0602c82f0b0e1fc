package io.moe4j.trainer.model;

import io.moe4j.trainer.huggingface.FolderWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the chat template of a run: as a file, which transformers reads first, and in {@code tokenizer_config.json} where that has another one, which older
 * software would read.
 */
final class ExportedTemplate {
    private static final String CONFIG = "tokenizer_config.json";
    private static final String KEY = "chat_template";
    /** Files that are written here instead of being copied, or not at all. */
    static final Set<String> REPLACED = Set.of(RunChat.FILE, "chat_template.json", CONFIG);

    private ExportedTemplate() {}

    /**
     * Writes it.
     *
     * @param beside files of the tokenizer; its configuration lies beside them
     */
    static void write(String template, List<Path> beside, FolderWriter writer) throws IOException {
        writer.text(template, RunChat.FILE);
        Optional<Path> config = beside.stream().map(file -> file.resolveSibling(CONFIG)).filter(Files::isRegularFile)
                .findFirst();
        if (config.isEmpty()) {
            return;
        }
        try {
            JsonNode read = JsonMapper.shared().readTree(Files.readString(config.get()));
            if (read instanceof ObjectNode object && object.has(KEY)) {
                object.put(KEY, template);
                writer.text(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                        .writeValueAsString(object) + "\n", CONFIG);
                return;
            }
        } catch (JacksonException e) {
            // What is no JSON is copied as it is: it has no template.
        }
        writer.copy(config.get(), CONFIG);
    }
}
