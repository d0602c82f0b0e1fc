package io.moe4j.trainer.metrics;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.trainer.run.RunDescription;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code run.json}: a description of a run and its machine, for later. It has nothing that identifies the machine's user.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunFile {

    private RunFile() {}

    /** Writes the file; an earlier one is replaced. */
    public static void write(Path path, RunDescription run) {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("started", Instant.now().toString());
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
            Path part = path.resolveSibling(path.getFileName() + ".part");
            Files.writeString(part, Shown.json(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                    .writeValueAsString(content)) + "\n");
            Files.move(part, path, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
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
