package io.moe4j.trainer.config;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.data.Corpus;
import io.moe4j.api.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether what is to be read is there. Looks at the beginning of the data only. */
final class InputRules {
    private static final String PATH = "data.path";
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
                    "model.flavor"));
            checkFiles(config, Optional.of(tokenizer), output, findings);
        } catch (InputException e) {
            findings.require(false, String.valueOf(e.getMessage()), "", TOKENIZER);
            checkFiles(config, Optional.empty(), output, findings);
        }
    }

    private static void checkFiles(TrainerConfig config, Optional<Tokenizer> reader, Optional<Path> output,
            Findings findings) {
        long sequences = (long) config.ranks() * config.training().localBatchSize();
        try {
            Corpus corpus = Corpus.open(config.data().path(), config.data().onBadLine());
            corpus.checkHeads();
            reader.ifPresent(tokenizer -> corpus.require(tokenizer,
                    Math.max(1, sequences * (config.training().seqLen() + 1L))));
        } catch (InputException e) {
            findings.require(false, String.valueOf(e.getMessage()), "", PATH);
        }
        Optional<Path> resume = config.checkpoint().resume();
        // A job that continues its own output folder has none when it is started first.
        findings.require(resume.isEmpty() || resume.equals(output) || Files.exists(resume.get()),
                "there is no such checkpoint",
                "give the path of one, or leave it empty to begin anew", RESUME);
    }
}
