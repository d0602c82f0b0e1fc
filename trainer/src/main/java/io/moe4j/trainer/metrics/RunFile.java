package io.moe4j.trainer.metrics;

import io.moe4j.api.host.WholeFile;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.trainer.run.RunDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code run.json}: a description of a run and its machine. It has nothing that identifies the machine's user.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunFile {

    /**
     * Its name in a run's folder.
     *
     * @since 0.3.0
     */
    public static final String NAME = "run.json";

    private RunFile() {}

    /**
     * Writes the file; an earlier one is replaced, except for the time at which its run began.
     *
     * @throws InputException if that fails, as on a full disk
     */
    public static void write(Path path, RunDescription run) {
        Instant now = Instant.now();
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("begun", begun(path).orElse(now).toString());
        content.put("started", now.toString());
        content.put("model", run.model());
        content.put("parameters", run.figures().parameters());
        content.put("active_parameters", run.figures().activeParameters());
        content.put("flops_per_token", run.figures().flopsPerToken());
        if (run.predictionDepth() > 0) {
            content.put("multi_token_modules", run.predictionDepth());
        }
        content.put("ranks", run.worldSize());
        content.put("ranks_of_this_process", run.localRanks());
        content.put("devices", run.devices());
        content.put("plugins", run.plugins());
        content.put("memory_bytes_of_a_rank", run.memory().byPurpose());
        content.put("machine", machine());
        try {
            WholeFile.write(path, Shown.json(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                    .writeValueAsString(content)) + "\n");
        } catch (IOException e) {
            throw Unwritable.file(path, e);
        }
    }

    /**
     * When the run of this file began; for a continued run, its first start. Empty if the file does not exist or lacks the time.
     *
     * @since 0.3.0
     */
    public static Optional<Instant> begun(Path path) {
        try {
            JsonNode content = JsonMapper.shared().readTree(Files.readString(path));
            String time = content.path("begun").asString(content.path("started").asString(""));
            return time.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(time));
        } catch (IOException | JacksonException | DateTimeParseException e) {
            return Optional.empty();
        }
    }

    private static Map<String, Object> machine() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("heap_bytes", Runtime.getRuntime().maxMemory());
        machine.put("java", List.of(System.getProperty("java.vm.name"), System.getProperty("java.version")));
        return machine;
    }
}
