package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.data.BatchReader;
import io.moe4j.data.Corpus;
import io.moe4j.data.Tokenizer;
import io.moe4j.data.Tokenizers;
import io.moe4j.trainer.step.Batch;

/** Batches of the data that a configuration names. */
final class CorpusBatches implements BatchSource.Factory {
    private final TrainerConfig config;

    CorpusBatches(TrainerConfig config) {
        this.config = config;
    }

    @Override
    public BatchSource open(int rank, long sequences) {
        TrainingConfig training = config.training();
        Tokenizer tokenizer = Tokenizers.of(config.data().tokenizer()).orElseThrow(() -> new InputException(
                "there is no tokenizer \"" + config.data().tokenizer() + "\"; known are " + Tokenizers.names()));
        Corpus corpus = Corpus.open(config.data().path());
        corpus.require(tokenizer, (long) config.ranks() * training.localBatchSize() * (training.seqLen() + 1L));
        BatchReader reader = new BatchReader(corpus, tokenizer,
                new BatchReader.Share(rank, config.ranks(), training.localBatchSize(), training.seqLen()),
                training.seed());
        reader.seek(sequences);
        return new Reading(reader);
    }

    private record Reading(BatchReader reader) implements BatchSource {
        @Override
        public Batch next() {
            BatchReader.Batch batch = reader.next();
            return new Batch(batch.ids(), batch.labels());
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
