package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.model.DecodingSession;
import io.moe4j.autograd.model.MicrobatchPass;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.layers.block.Block;
import io.moe4j.layers.block.RouterLossSums;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A decoder that is open for one rank. */
final class Decoder implements Model {
    private final DecoderSpec spec;
    private final ModelContext context;
    private final DecoderParts parts;

    static Decoder open(DecoderSpec spec, ModelContext context) {
        List<String> problems = spec.problems(context.expertGroup().size(), context.sequence());
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        context.lora().ifPresent(spec::requireTargets);
        Precision precision = context.precision();
        if (context.lora().isPresent() && (precision.dense().isScaled() || precision.experts().isScaled())) {
            throw new IllegalArgumentException(spec.name() + " has low-rank updates and products of "
                    + precision.dense() + " (dense) and " + precision.experts()
                    + " (experts): matrices with low-rank updates are multiplied in the type of activations");
        }
        if (context.lora().isPresent() && spec.predictionDepth() > 0) {
            throw new IllegalArgumentException(
                    spec.name() + " has " + spec.predictionDepth() + " modules for multi-token"
                            + " prediction, which low-rank updates do not train; open it without them"
                            + " (model.num_nextn_predict_layers = 0)");
        }
        if (spec.moe().isPresent() && (context.comm().isEmpty() || context.kernels().isEmpty())) {
            throw new IllegalArgumentException(spec.name()
                    + " has experts: open it with a communication backend and expert kernels");
        }
        return new Decoder(spec, context, DecoderParts.open(spec, context));
    }

    private Decoder(DecoderSpec spec, ModelContext context, DecoderParts parts) {
        this.spec = spec;
        this.context = context;
        this.parts = parts;
    }

    @Override
    public List<ParameterUnit> units() {
        return List.copyOf(parts.units());
    }

    @Override
    public List<Stage> stages() {
        List<Stage> stages = new ArrayList<>();
        stages.add(parts.embedding());
        stages.addAll(parts.blocks());
        stages.add(parts.head());
        return List.copyOf(stages);
    }

    @Override
    public void prepare() {
        parts.units().forEach(ParameterUnit::prepare);
    }

    @Override
    public void begin(Microbatch microbatch) {
        parts.units().forEach(unit -> unit.begin(microbatch));
        parts.balance().ifPresent(balance -> balance.begin(microbatch));
        parts.routerLosses().ifPresent(sums -> sums.begin(microbatch));
        parts.documents().begin(microbatch);
        parts.predictions().ifPresent(head -> head.begin(microbatch));
    }

    @Override
    public void forwardBackward(Tensor ids_T, Tensor labels_T, float scale, Tensor loss) {
        check("ids", ids_T);
        check("labels", labels_T);
        prepare();
        MicrobatchPass pass = new MicrobatchPass(rank(), context.recompute(), stages());
        pass.forward(ids_T);
        pass.backward(labels_T, scale, loss);
    }

    @Override
    public void logits(Tensor ids_T, Tensor logits_TV) {
        check("ids", ids_T);
        prepare();
        try (Scope scope = rank().memory().open()) {
            Tensor x_TD = parts.embedding().forward(Tape.inference(rank()), ids_T).tensor();
            parts.blocks().forEach(block -> apply(block, x_TD));
            parts.head().logits(x_TD, logits_TV);
        }
    }

    @Override
    public DecodingSession openDecoding(long capacity) {
        if (context.lora().isPresent()) {
            throw new UnsupportedOperationException(spec.name() + " cannot generate with low-rank updates beside its"
                    + " matrices; add them to the matrices, and open it without");
        }
        return CachedDecoding.open(spec, context, parts, capacity);
    }

    @Override
    public Map<Integer, Tensor> tokensPerExpert() {
        Map<Integer, Tensor> tokens = new LinkedHashMap<>();
        parts.balances().forEach((layer, balance) -> tokens.put(layer, balance.tokens_E()));
        return tokens;
    }

    @Override
    public Optional<Tensor> routerLosses() {
        return parts.routerLosses().map(RouterLossSums::sums_L2);
    }

    @Override
    public Optional<Tensor> predictionLosses() {
        return parts.predictions().map(head -> head.sums().sums_K());
    }

    @Override
    public void updateExpertBias(float coefficient) {
        parts.balance().ifPresent(balance -> balance.update(context.expert(), coefficient));
    }

    @Override
    public Map<String, ParameterSlice> checkpointNames() {
        return new LinkedHashMap<>(parts.names());
    }

    @Override
    public Map<String, String> repeatedNames() {
        return new LinkedHashMap<>(parts.repeatedNames());
    }

    @Override
    public Map<String, ParameterSlice> adapterNames() {
        return new LinkedHashMap<>(parts.adapterNames());
    }

    @Override
    public Map<String, Tensor> buffers() {
        Map<String, Tensor> buffers = new LinkedHashMap<>();
        parts.balances().forEach((layer, balance) -> buffers.put(
                "model.layers." + layer + ".mlp.gate.e_score_correction_bias", balance.bias_E()));
        return buffers;
    }

    @Override
    public String locateNonFinite(Tensor ids_T) {
        check("ids", ids_T);
        prepare();
        try (Scope scope = rank().memory().open()) {
            Tensor x_TD = parts.embedding().forward(Tape.inference(rank()), ids_T).tensor();
            Optional<String> first = FiniteCheck.isFinite(rank(), x_TD) ? Optional.empty() : Optional.of("embedding");
            // All ranks must take part in the exchanges of all blocks, so a rank that has found a value that is not finite still runs the rest.
            for (Block block : parts.blocks()) {
                apply(block, x_TD);
                if (first.isEmpty() && !FiniteCheck.isFinite(rank(), x_TD)) {
                    first = Optional.of(block.name());
                }
            }
            Optional<String> module = parts.predictions().flatMap(head -> head.locateNonFinite(x_TD));
            return first.or(() -> module).orElse("no block; look at the head, the loss or the gradients");
        }
    }

    @Override
    public void close() {
        parts.close();
    }

    /** Replaces x by the segment's output. */
    private void apply(Segment segment, Tensor x_TD) {
        try (Scope scope = rank().memory().open(); Gathering gathered = Gathering.of(segment.units())) {
            Tape tape = Tape.inference(rank());
            Tensor y_TD = segment.forward(tape, tape.input(x_TD, false)).tensor();
            rank().stream().copy(y_TD, x_TD);
        }
    }

    private void check(String name, Tensor tensor) {
        if (tensor.dtype() != DType.I32 || tensor.elements() != context.tokens() || tensor.rank() != 1) {
            throw new IllegalArgumentException(name + " are " + tensor + "; they must be I32 of batch · sequence = "
                    + context.batch() + " · " + context.sequence() + " elements, as the model was opened for");
        }
    }

    private RankContext rank() {
        return context.rank();
    }
}
