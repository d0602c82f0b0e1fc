package io.moe4j.app.cli;

import io.moe4j.api.Shown;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.metrics.ValidationLine;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.run.Evaluation;
import io.moe4j.trainer.run.EvaluationResult;
import io.moe4j.trainer.run.ValidationResult;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The result of an evaluation, for people and for programs. */
record EvalReport(ModelSource source, Evaluation evaluation, TrainerConfig config, EvaluationResult result) {

    String text() {
        ValidationResult loss = result.loss();
        StringBuilder text = new StringBuilder();
        line(text, "model", "%s of %s", evaluation.description().model(), TypedPath.of(source.path()));
        line(text, "data", "%s: %s, %s of text; %s of up to %s",
                config.validation().path().map(Object::toString).orElse(""),
                Shown.count(result.counts().documents(), "document"),
                Shown.count(result.textBytes(), "byte"), Shown.count(loss.sequences(), "sequence"),
                Shown.count(config.training().seqLen(), "token"));
        if (loss.tokens() > 0) {
            line(text, "loss", "%.5f per token, of %s", loss.loss(), Shown.count(loss.tokens(), "token"));
            line(text, "perplexity", "%s", ValidationLine.perplexity(loss.perplexity()));
            result.bitsPerByte().ifPresent(bits -> line(text, "bits", "%.4f per byte", bits));
        }
        if (result.counts().hasProblems()) {
            line(text, "left out", "%,d bad lines; replaced by U+FFFD: %,d halves of characters, %,d invalid bytes",
                    result.counts().badLines(), result.counts().loneSurrogates(), result.counts().invalidBytes());
        }
        line(text, "time", "%.1f s, %,.0f tokens/s", loss.seconds(), loss.tokensPerSecond());
        loss.problem().ifPresent(problem -> line(text, "problem", "%s", problem));
        return text.toString();
    }

    String json() {
        ValidationResult loss = result.loss();
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", evaluation.description().model());
        json.put("path", source.path().toString());
        json.put("data", config.validation().path().map(Object::toString).orElse(""));
        json.put("loss", finite(loss.loss()));
        json.put("perplexity", finite(loss.perplexity()));
        json.put("bits_per_byte", finite(result.bitsPerByte().orElse(Double.NaN)));
        json.put("tokens", loss.tokens());
        json.put("sequences", loss.sequences());
        json.put("sequence_length", config.training().seqLen());
        json.put("documents", result.counts().documents());
        json.put("text_bytes", result.textBytes());
        json.put("bad_lines", result.counts().badLines());
        json.put("dropped_rows", loss.droppedRows());
        json.put("seconds", loss.seconds());
        json.put("problem", loss.problem().orElse(null));
        return JsonOutput.pretty(json) + System.lineSeparator();
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-10s ", name)).append(String.format(Locale.ROOT, format, values))
                .append(System.lineSeparator());
    }
}
