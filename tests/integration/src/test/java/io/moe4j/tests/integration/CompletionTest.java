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
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts and completions in a JSONL file: the loss is that of the completions only, as of a batch whose other labels are ignored. */
final class CompletionTest {
    /** Each document has 7 tokens with its end, so that a sequence of 14 has two. */
    private static final String DOCUMENT = "Qu?yes";
    private static final int PROMPT = 3;
    private static final int TOKENS = 13;
    private static final int IGNORED = -100;

    @TempDir
    private Path folder;

    private int end = 256;

    private final Registry registry = Plugins.load();

    @Test
    void onlyCompletionsAreLearned() throws IOException {
        Path file = folder.resolve("qa.jsonl");
        Files.writeString(file, "{\"ask\": \"Qu?\", \"answer\": \"yes\"}\n".repeat(12));
        requireOnlyAnswersAreLearned("data.path=" + file, "data.prompt_field=ask", "data.text_field=answer");
    }

    /** The same tokens and labels as of a prompt and a completion: the template writes the end token after an answer, a character here. */
    @Test
    void onlyAnswersOfConversationsAreLearned() throws IOException {
        Path file = Files.writeString(folder.resolve("chat.jsonl"),
                ("{\"messages\": [{\"role\": \"user\", \"content\": \"Qu?\"},"
                        + " {\"role\": \"assistant\", \"content\": \"yes\"}]}\n").repeat(12));
        Path template = Files.writeString(folder.resolve("own.jinja"),
                "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}!{% endif %}{% endfor %}");
        end = '!';
        requireOnlyAnswersAreLearned("data.path=" + file, "data.messages_field=messages",
                "data.chat_template=" + template);
    }

    private void requireOnlyAnswersAreLearned(String... data) {
        TrainerConfig config = new ConfigLoader(registry).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(Stream.concat(Stream.of(data), Stream.of("ranks=1",
                        "parallelism.expert_parallel_degree=1", "training.seq_len=" + TOKENS,
                        "training.local_batch_size=1", "training.steps=1", "data.document_boundaries=true",
                        "checkpoint.enable=false", "lora.rank=4")).toArray(String[]::new)).overrides(),
                ConfigUse.training());
        StepResult read = step(config, RunOptions.threads(config));
        byte[] text = DOCUMENT.getBytes(StandardCharsets.UTF_8);
        int length = text.length + 1;
        int[] ids = new int[TOKENS];
        int[] labels = new int[TOKENS];
        int[] starts = new int[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            ids[i] = token(text, i % length);
            labels[i] = (i + 1) % length < PROMPT ? IGNORED : token(text, (i + 1) % length);
            starts[i] = i / length * length;
        }
        assertEquals(8, read.labels(), "y, e, s and the end, twice");
        assertEquals(step(config,
                RunOptions.threads(config).withData((rank, done) -> () -> new Batch(ids, labels, Optional.of(starts))))
                .loss(), read.loss(), 1e-5);
    }

    /** The end token of the bytes' tokenizer follows the text. */
    private int token(byte[] text, int at) {
        return at < text.length ? text[at] : end;
    }

    private StepResult step(TrainerConfig config, RunOptions options) {
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            return run.step();
        }
    }
}
