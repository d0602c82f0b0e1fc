package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.app.cli.Main;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.run.ValidationResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code moe4j eval} on a checkpoint of two ranks. */
class EvalCommandTest {
    private static final int SEQUENCE = 16;
    private static final String LINE = "{\"text\": \"the quick brown fox é\"}\n";
    /** Bytes of the texts in UTF-8; as ids of bytes, each text has an end token too. */
    private static final int LINE_BYTES = 22;

    @TempDir
    private Path folder;

    @Test
    void itsLossIsThatOfTheValidationOfTheRun() throws IOException {
        Path texts = Files.writeString(folder.resolve("v.jsonl"), LINE.repeat(9));
        ValidationResult validated = train(texts);
        JsonNode one = JsonMapper.shared().readTree(eval(0, "--json", "--data", texts.toString()));
        // 9 texts with their ends, in sequences of 17 tokens of which the first has no label.
        int tokens = 9 * (LINE_BYTES + 1);
        int sequences = (tokens + SEQUENCE) / (SEQUENCE + 1);
        assertEquals(tokens - sequences, one.get("tokens").intValue());
        assertEquals(sequences, one.get("sequences").intValue());
        assertEquals(validated.tokens(), one.get("tokens").longValue());
        assertEquals(9, one.get("documents").intValue());
        assertEquals(9 * LINE_BYTES, one.get("text_bytes").intValue());
        assertEquals(validated.loss(), one.get("loss").doubleValue(), 1e-6 * validated.loss());
        assertEquals(Math.exp(one.get("loss").doubleValue()), one.get("perplexity").doubleValue());
        // An id is a byte.
        assertEquals(one.get("loss").doubleValue() / Math.log(2), one.get("bits_per_byte").doubleValue(), 1e-12);
        assertTrue(one.get("problem").isNull());

        String two = eval(0, "--data", texts.toString(), "--ranks", "2", "--parallelism.expert_parallel_degree", "2");
        assertTrue(two.contains(String.format(java.util.Locale.ROOT, "%.5f per token, of %,d tokens", validated.loss(),
                validated.tokens())), two);
        assertTrue(two.contains(" per byte"), two);
    }

    @Test
    void whatCannotBeEvaluatedIsToldInALine() throws IOException {
        Path texts = Files.writeString(folder.resolve("v.jsonl"), LINE);
        train(texts);
        assertRefused("eval takes one checkpoint", "--data", texts.toString(), "another");
        assertRefused("give texts with --data PATH");
        assertRefused("nowhere does not exist", "--data", folder.resolve("nowhere").toString());
        assertRefused("line 1 has no string \"text\"", "--data",
                Files.writeString(folder.resolve("bad.jsonl"), "{\"txt\": \"x\"}\n").toString());
        assertRefused("has no token that counts", "--data",
                Files.writeString(folder.resolve("empty.txt"), "").toString());
        assertRefused("training.seq_len", "--data", texts.toString(), "--training.seq_len", "1000");
    }

    private void assertRefused(String reason, String... arguments) {
        String told = eval(2, arguments);
        assertTrue(told.contains(reason), told);
        assertFalse(told.contains("\tat "), told);
    }

    /** What the command prints. */
    private String eval(int code, String... arguments) {
        List<String> all = new ArrayList<>(List.of("eval", folder.resolve("checkpoints").toString()));
        all.addAll(List.of(arguments));
        if (all.stream().noneMatch("--training.seq_len"::equals)) {
            all.addAll(List.of("--training.seq_len", String.valueOf(SEQUENCE)));
        }
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(code, Main.run(new PrintWriter(out, true), new PrintWriter(err, true),
                all.toArray(String[]::new)), () -> out + err.toString());
        return out + err.toString();
    }

    private ValidationResult train(Path texts) throws IOException {
        Path data = Files.writeString(folder.resolve("t.txt"), "the quick brown fox ".repeat(40));
        Registry registry = Plugins.load(List.of());
        ModelSpec spec = registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(model());
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN, Arguments.of("ranks=2",
                "parallelism.expert_parallel_degree=2", "training.seq_len=" + SEQUENCE, "training.steps=2",
                "optimizer.lr=1e-2", "data.path=" + data, "validation.path=" + texts, "validation.interval=2",
                "validation.steps=0").overrides(), ConfigUse.runningModel(spec));
        try (TrainingRun run = Trainer.open(config, spec.withMoeCommBackend("minimal_async_ep"), registry,
                RunOptions.threads(config))) {
            run.step();
            run.step();
            run.save(folder.resolve("checkpoints"));
            return run.lastValidation().orElseThrow();
        }
    }

    /** A vocabulary for bytes. */
    private static Map<String, Object> model() {
        Map<String, Object> config = Tiny.smallest();
        config.putAll(Map.of("vocab_size", 300, "hidden_size", 16, "intermediate_size", 16));
        return config;
    }
}
