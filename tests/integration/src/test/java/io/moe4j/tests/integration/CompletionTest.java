package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts and completions in a JSONL file: the loss is that of the completions only, as of a batch whose other labels are ignored. */
final class CompletionTest {
    private static final int TOKENS = 16;
    private static final int IGNORED = -100;

    @TempDir
    private Path folder;

    private final Registry registry = Plugins.load();

    @Test
    void onlyCompletionsAreLearned() throws IOException {
        Path file = folder.resolve("qa.jsonl");
        Files.writeString(file, "{\"ask\": \"Qu?\", \"answer\": \"yes\"}\n");
        TrainerConfig config = new ConfigLoader(registry).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of("ranks=1", "parallelism.expert_parallel_degree=1", "training.seq_len=" + TOKENS,
                        "training.steps=1", "data.path=" + file, "data.prompt_field=ask", "data.text_field=answer",
                        "data.document_boundaries=true", "lora.rank=4").overrides(),
                ConfigUse.training());
        StepResult read = step(config, RunOptions.threads(config));
        byte[] text = "Qu?yes".getBytes(StandardCharsets.UTF_8);
        // The end token of the bytes' tokenizer follows the text, and fills the rest.
        int end = 256;
        int[] ids = new int[TOKENS];
        int[] labels = new int[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            ids[i] = i < text.length ? text[i] : end;
            boolean learned = i + 1 >= "Qu?".length() && i + 1 <= text.length;
            labels[i] = !learned ? IGNORED : i + 1 < text.length ? text[i + 1] : end;
        }
        int[] starts = new int[TOKENS];
        Arrays.fill(starts, text.length + 1, TOKENS, text.length + 1);
        assertEquals(4, read.labels(), "y, e, s and the end");
        assertEquals(step(config, RunOptions.threads(config).withData((rank, done) -> () -> new Batch(ids, labels, Optional.of(starts))))
                .loss(), read.loss(), 1e-5);
    }

    private StepResult step(TrainerConfig config, RunOptions options) {
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            return run.step();
        }
    }
}
