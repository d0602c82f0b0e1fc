package io.moe4j.app.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.UnreadableFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the prompts of a file, one in each line; empty lines do not count, nor does a byte-order mark at the beginning. A file whose name ends in
 * {@code .jsonl} or {@code .ndjson}, in small or capital letters, has an object in each line, with {@code "prompt"} (which may have line ends),
 * {@code "prompt_ids"} or {@code "messages"}; if an object has messages, they are the prompt, and its other keys are variables of the chat template. The
 * output of {@code --json} can be read in this way.
 */
public final class PromptFile {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private PromptFile() {}

    /** Reads the file of the option {@code --prompts}. */
    public static List<Prompt> read(Path file) {
        if (!Files.isRegularFile(file)) {
            UnreadableFile.requireReachable(file);
            throw new InputException("--prompts " + file + (Files.exists(file) ? " is no file" : " does not exist")
                    + "; give a text file with a prompt in each line, or - for standard input");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString(), hasObjects(file.toString().toLowerCase(Locale.ROOT)));
        } catch (IOException e) {
            throw new InputException("--prompts " + file + " cannot be read (" + Shown.of(Shown.fileProblem(e))
                    + "); give a text file in UTF-8 that you may read", e);
        }
    }

    /**
     * Reads lines to their end.
     *
     * @param name for messages
     * @param json whether lines are objects
     */
    public static List<Prompt> read(InputStream in, String name, boolean json) throws IOException {
        List<Prompt> prompts = new ArrayList<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            line = number == 1 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line;
            if (!line.isBlank()) {
                prompts.add(json ? object(line, name + ", line " + number) : new Prompt.Text(line));
            }
        }
        if (prompts.isEmpty()) {
            throw new InputException(
                    name + " has no prompt: of its " + Shown.count(number, "line")
                            + ", none has text; give one prompt in each line");
        }
        return prompts;
    }

    private static boolean hasObjects(String name) {
        return name.endsWith(".jsonl") || name.endsWith(".ndjson");
    }

    private static Prompt object(String line, String place) {
        JsonNode object;
        try {
            object = JsonMapper.shared().readTree(line);
        } catch (JacksonException e) {
            throw new InputException(place + " is no JSON: " + Shown.parserMessage(e.getOriginalMessage())
                    + "; give an object with \"prompt\", \"prompt_ids\" or \"messages\"", e);
        }
        if (object.has("messages")) {
            return conversation(object, place);
        }
        if (object.path("prompt").isString()) {
            return new Prompt.Text(object.path("prompt").stringValue());
        }
        JsonNode ids = object.path("prompt_ids");
        if (!ids.isArray() || ids.isEmpty() || ids.valueStream().anyMatch(id -> !id.isInt())) {
            throw new InputException(
                    place + " has neither a text as \"prompt\", nor whole numbers as \"prompt_ids\", nor \"messages\": "
                            + Shown.of(line));
        }
        return new Prompt.Ids(ids.valueStream().map(JsonNode::intValue).toList());
    }

    private static Prompt conversation(JsonNode object, String place) {
        JsonNode messages = object.path("messages");
        if (!messages.isArray() || messages.isEmpty()
                || messages.valueStream().anyMatch(message -> !message.path("role").isString())) {
            throw new InputException(
                    place + " has " + Shown.of(messages) + " as \"messages\": it must be a list of at least one"
                            + " object with \"role\" and \"content\"");
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        object.properties().stream().filter(each -> !each.getKey().equals("messages"))
                .forEach(each -> variables.put(each.getKey(), JsonMapper.shared().convertValue(each.getValue(),
                        Object.class)));
        return new Prompt.Chat(messages.valueStream().map(message -> JsonMapper.shared().convertValue(message,
                new TypeReference<Map<String, Object>>() {})).toList(), variables);
    }
}
