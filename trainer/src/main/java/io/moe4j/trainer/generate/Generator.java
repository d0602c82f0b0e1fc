package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.InferenceOptions;
import io.moe4j.trainer.session.InferenceSession;
import io.moe4j.trainer.session.MemoryPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Continues sequences of tokens with a model, one at a time.
 *
 * <pre>{@code
 * try (ModelSource source = ModelSource.open(Path.of("outputs/mine"), registry);
 *         Generator generator = Generator.open(source, registry, InferenceOptions.onCpu(2048))) {
 *     Generation answer = generator.generate(GenerationRequest.of(prompt, 100), token -> true);
 *     List<Integer> ids = answer.ids();
 * }
 * }</pre>
 *
 * <p>Not thread-safe.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Generator implements AutoCloseable {
    private final ModelSpec spec;
    private final InferenceOptions options;
    private final InferenceSession session;
    /** The ids of the sequence; only the first {@link #length} are valid. */
    private int[] held = {};
    private int length;

    /**
     * Opens the model of a checkpoint or of a folder in Hugging Face's layout, and loads its parameters.
     *
     * @param source the model; it is read here, and may be closed afterwards
     */
    public static Generator open(ModelSource source, Registry registry, InferenceOptions options) {
        return open(source.spec(), source::fill, registry, options);
    }

    /**
     * Opens a model and loads its parameters.
     *
     * @param weights the parameters; they are read here
     * @throws InputException if the model cannot generate, a plug-in cannot be used, or the memory does not suffice
     */
    public static Generator open(ModelSpec spec, WeightSource weights, Registry registry, InferenceOptions options) {
        return Resources.open("a generator", opened -> {
            InferenceSession session = opened.add(InferenceSession.open(spec, registry, options));
            session.call(rank -> {
                weights.load(rank.context(), rank.model());
                return rank;
            });
            return new Generator(spec, options, session);
        });
    }

    private Generator(ModelSpec spec, InferenceOptions options, InferenceSession session) {
        this.spec = spec;
        this.options = options;
        this.session = session;
    }

    /**
     * Continues a prompt as {@link #generate} does, but does not compute again the beginning that the prompt shares with the sequence so far (the last prompt
     * and its answer). The answer may therefore differ in rounding from that of {@code generate}, which reads the prompt in larger passes.
     */
    public Generation goOn(GenerationRequest request, TokenListener listener) {
        return generate(request, listener, true);
    }

    /**
     * Continues a prompt. Earlier answers have no influence.
     *
     * @param listener receives each token
     * @throws InputException if the prompt has an id that is not in the vocabulary, or leaves no room in the context
     * @throws NonFiniteLogitsException if the model's logits are not finite
     */
    public Generation generate(GenerationRequest request, TokenListener listener) {
        return generate(request, listener, false);
    }

    private Generation generate(GenerationRequest request, TokenListener listener, boolean continued) {
        int[] prompt = request.prompt().stream().mapToInt(Integer::intValue).toArray();
        request.requireFits(spec, options.capacity());
        Sampler sampler = new Sampler(request.sampling());
        List<GeneratedToken> tokens = new ArrayList<>();
        long begin = System.nanoTime();
        long first = begin;
        // The last id is always read, for the logits of the one that follows.
        int common = continued ? Math.min(prompt.length - 1, commonWith(prompt)) : 0;
        float[] logits = append(Arrays.copyOfRange(prompt, common, prompt.length), common);
        while (true) {
            int id = sampler.choose(logits, tokens.size());
            tokens.add(new GeneratedToken(id, Sampler.logProbability(logits, id)));
            if (tokens.size() == 1) {
                first = System.nanoTime();
            }
            boolean more = listener.accept(tokens.getLast());
            if (request.endTokens().contains(id)) {
                return answer(tokens, StopReason.END_TOKEN, prompt.length, begin, first);
            } else if (tokens.size() == request.maxTokens()) {
                return answer(tokens, StopReason.MAX_TOKENS, prompt.length, begin, first);
            } else if (!more) {
                return answer(tokens, StopReason.STOPPED, prompt.length, begin, first);
            } else if (prompt.length + tokens.size() == options.capacity()) {
                return answer(tokens, StopReason.CONTEXT_FULL, prompt.length, begin, first);
            }
            logits = append(new int[] {id}, prompt.length + tokens.size() - 1);
        }
    }

    /** The memory that it takes. */
    public MemoryPlan memoryPlan() {
        return session.memoryPlan();
    }

    /** The device, for people. */
    public String device() {
        return session.device().description();
    }

    @Override
    public void close() {
        session.close();
    }

    private static Generation answer(List<GeneratedToken> tokens, StopReason reason, int prompt, long begin,
            long first) {
        return new Generation(tokens, reason, prompt, Duration.ofNanos(first - begin),
                Duration.ofNanos(System.nanoTime() - first));
    }

    private int commonWith(int[] prompt) {
        int mismatch = Arrays.mismatch(held, 0, length, prompt, 0, prompt.length);
        return mismatch < 0 ? length : mismatch;
    }

    /** Appends ids after the first {@code after} ones of the sequence. */
    private float[] append(int[] ids, int after) {
        // Until all ids are appended, nothing of the sequence is valid: an exception may end this method early.
        length = 0;
        float[] logits = session.call(rank -> {
            rank.sequence().truncate(after);
            return rank.append(ids);
        });
        if (held.length < after + ids.length) {
            held = Arrays.copyOf(held, 2 * (after + ids.length));
        }
        System.arraycopy(ids, 0, held, after, ids.length);
        length = after + ids.length;
        for (int i = 0; i < logits.length; i++) {
            if (!Float.isFinite(logits[i])) {
                throw new NonFiniteLogitsException("the logit of token " + i + " is " + logits[i]
                        + ", so that there are no probabilities to choose from: the model's parameters are damaged or not"
                        + " finite; take an earlier checkpoint");
            }
        }
        return logits;
    }
}
