package io.moe4j.trainer.config;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.data.DataOptions;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.data.DataSource;
import io.moe4j.data.TokenFolder;
import io.moe4j.data.TrainingData;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Checks that the inputs exist: tokenizer, data and checkpoint. Of the data, only the beginning is read. */
final class InputRules {
    private static final String PATH = "data.path";
    private static final String VALIDATION = "validation";
    private static final String VALIDATION_PATH = "validation.path";
    private static final String TOKENIZER = "data.tokenizer";
    private static final String RESUME = "checkpoint.resume";

    private InputRules() {}

    /** Checks the tokenizer, and then the data with it. */
    static void check(Registry registry, TrainerConfig config, Optional<ModelSpec> spec, Optional<Path> output,
            Findings findings) {
        try (Tokenizer tokenizer = ConfiguredTokenizer.open(config, registry)) {
            spec.ifPresent(model -> findings.require(tokenizer.vocabulary() <= model.vocabulary(), "the tokenizer has "
                    + tokenizer.vocabulary() + " ids, and " + model.name() + " a vocabulary of " + model.vocabulary(),
                    "choose the model's own tokenizer, or a model with a larger vocabulary", TOKENIZER,
                    config.model().from().isPresent() ? "model.from" : "model.flavor"));
            checkFiles(registry, config, Optional.of(tokenizer), output, findings);
        } catch (InputException e) {
            findings.require(false, String.valueOf(e.getMessage()), "", TOKENIZER);
            checkFiles(registry, config, Optional.empty(), output, findings);
        }
    }

    /** Notes a problem with the chat template, with the key that names it, or else those that need it. */
    private static void noTemplate(TrainerConfig config, String problem, Findings findings) {
        DataConfig data = config.data();
        if (data.chatTemplate().isPresent() || data.messagesField().isPresent()) {
            findings.require(false, problem, "",
                    data.chatTemplate().isPresent() ? "data.chat_template" : "data.messages_field");
            return;
        }
        findings.note(new Problem(tables(config).entrySet().stream()
                .flatMap(table -> SourceFields.of(data, table.getValue()).messages()
                        .map(field -> table.getKey() + ".messages_field = \"" + Shown.of(field) + "\"").stream())
                .collect(Collectors.joining(", ")), problem, ""));
    }

    /** The sources that may have fields of their own, by the tables that hold these. */
    private static Map<String, SourceConfig> tables(TrainerConfig config) {
        Map<String, SourceConfig> tables = new TreeMap<>();
        config.data().sources().forEach((name, source) -> tables.put(SourceTables.KEY + "." + name, source));
        if (config.validation().path().isPresent()) {
            tables.put(VALIDATION, config.validation().source());
        }
        return tables;
    }

    /** The text of a folder of tokens was read when the folder was made; keys that say how text is read would be ignored. */
    private static void checkTokens(TrainerConfig config, Findings findings) {
        tables(config).forEach((table, source) -> source.path()
                .filter(path -> source.hasFields() && TokenFolder.isIn(path)).ifPresent(path -> findings.note(
                        new Problem("[" + table + "]", Shown.of(path)
                                + " has tokens, and text_field, prompt_field and messages_field say how text is read",
                                "leave them out, or give them to moe4j tokenize"))));
    }

    private static void checkFiles(Registry registry, TrainerConfig config, Optional<Tokenizer> reader,
            Optional<Path> output, Findings findings) {
        try {
            ConfiguredChat.check(config, registry);
        } catch (InputException e) {
            noTemplate(config, String.valueOf(e.getMessage()), findings);
            return;
        }
        checkTokens(config, findings);
        long sequences = Math.max(1, (long) config.ranks() * config.training().localBatchSize());
        checkData(registry, config, ConfiguredData.sources(config.data()), reader,
                sequences * Math.max(1, config.training().seqLen() + 1L), findings,
                config.data().sources().isEmpty() ? PATH : SourceTables.KEY);
        if (config.validation().path().isPresent()) {
            ConfiguredData.validation(config)
                    .ifPresent(sources -> checkData(registry, config, sources, reader, 1, findings, VALIDATION_PATH));
        }
        if (config.checkpoint().resume() instanceof Resume.From(Path resume)) {
            // A job that continues its own output folder has no checkpoint at its first start.
            findings.require(output.filter(resume::equals).isPresent() || Files.exists(resume),
                    "there is no such checkpoint",
                    "give the path of one, auto to continue the newest of this run, or leave it empty to begin anew",
                    RESUME);
            if (CheckpointChoice.candidates(resume).isEmpty()) {
                OtherFolder.of(resume)
                        .ifPresent(other -> findings.require(false, other.rule(), other.remedy(), RESUME));
            }
        }
    }

    private static void checkData(Registry registry, TrainerConfig config, List<DataSource> sources,
            Optional<Tokenizer> reader, long neededTokens, Findings findings, String key) {
        try {
            DataOptions options = key.equals(VALIDATION_PATH) ? ConfiguredData.validationOptions(config, registry)
                    : ConfiguredData.options(config, registry);
            for (DataSource source : sources) {
                TrainingData.checkHeads(source, options.corpus(source));
            }
            boolean readable = findings.readable("ranks", "training.seq_len", "validation.split", "data.shuffle_tokens")
                    && config.validation().split() >= 0 && config.validation().split() < 1;
            if (readable && reader.isPresent()) {
                TrainingData.require(sources, options, reader.get(), neededTokens);
            }
        } catch (InputException e) {
            findings.note(new Problem(key.equals(SourceTables.KEY) ? "[data.sources]" : findings.shown(key),
                    String.valueOf(e.getMessage()), ""));
        }
    }
}
