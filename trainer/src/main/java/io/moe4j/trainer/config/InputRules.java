package io.moe4j.trainer.config;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.data.Corpus;
import io.moe4j.data.Tokenizer;
import io.moe4j.data.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether what is to be read is there. Looks at the beginning of the data only. */
final class InputRules {
    private static final String PATH = "data.path";
    private static final String TOKENIZER = "data.tokenizer";
    private static final String RESUME = "checkpoint.resume";

    private InputRules() {}

    static void checkTokenizer(TrainerConfig config, Optional<ModelSpec> spec, Findings findings) {
        Optional<Tokenizer> tokenizer = Tokenizers.of(config.data().tokenizer());
        findings.require(tokenizer.isPresent(), "there is no such tokenizer; known are " + Tokenizers.names(),
                "choose one of them", TOKENIZER);
        if (tokenizer.isPresent() && spec.isPresent()) {
            findings.require(tokenizer.get().vocabulary() <= spec.get().vocabulary(), "the tokenizer has "
                    + tokenizer.get().vocabulary() + " ids, and " + spec.get().name() + " a vocabulary of "
                    + spec.get().vocabulary(), "choose a model with a larger vocabulary", TOKENIZER, "model.flavor");
        }
    }

    static void checkFiles(TrainerConfig config, Optional<Path> output, Findings findings) {
        long sequences = (long) config.ranks() * config.training().localBatchSize();
        try {
            Corpus corpus = Corpus.open(config.data().path(), config.data().onBadLine());
            corpus.checkHeads();
            Tokenizers.of(config.data().tokenizer()).ifPresent(tokenizer -> corpus.require(tokenizer,
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
