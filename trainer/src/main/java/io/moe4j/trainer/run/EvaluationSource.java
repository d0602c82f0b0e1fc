package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.step.EvaluationData;
import io.moe4j.trainer.step.StepData;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads data from its beginning to its end on one rank. A failure, also one of opening the data, becomes a text that all ranks get. */
final class EvaluationSource implements EvaluationData, AutoCloseable {
    private final BatchSource.Factory data;
    private final int rank;
    private @Nullable BatchSource source;

    EvaluationSource(BatchSource.Factory data, int rank) {
        this.data = data;
        this.rank = rank;
    }

    @Override
    public Optional<StepData> next() {
        try {
            if (source == null) {
                source = data.open(rank, 0);
            }
            return source.poll().map(StepData.class::cast);
        } catch (InputException e) {
            return Optional.of(new StepData.Missing(String.valueOf(e.getMessage())));
        }
    }

    @Override
    public void close() {
        if (source != null) {
            source.close();
        }
    }
}
