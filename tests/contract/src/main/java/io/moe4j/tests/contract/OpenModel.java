package io.moe4j.tests.contract;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.Device;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.model.ForwardPass;
import io.moe4j.autograd.model.DecodingSession;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.sharding.DocumentStarts;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.autograd.sharding.TokensAhead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A model that is open on one rank, in single precision, and one batch: of random tokens, unless others are given. */
final class OpenModel implements AutoCloseable {
    /** The factor of the losses of modules for multi-token prediction: as large as that of the model's own loss, so that a wrong gradient is noticed. */
    private static final float PREDICTION_WEIGHT = 1;
    static final int TOKENS = 24;
    /** How many dispatches may keep their rows: more than any tested model has. */
    private static final int MOST_BLOCKS = 16;
    /** Numbers of tokens that a model may be given at once. */
    static final List<Long> PASSES = List.of(1L, 7L, (long) TOKENS);

    private final SingleRank rank;
    private final HostValues values;
    private final PeerGroup peers;
    private final Optional<Collectives> collectives;
    private final Map<Long, CommBackend> exchanges = new TreeMap<>();
    private final Optional<ExpertKernels> kernels;
    private final Model model;
    private final RecomputePolicy recompute;
    private final int tokens;
    private final int[] labels;
    private final Given given;
    private final Tensor ids_T;
    private final Tensor labels_T;
    private final Tensor loss;

    /**
     * The inputs of the model: the length of sequences, ids and labels.
     *
     * @param sequence S; there are as many sequences as the tokens need
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Given(int sequence, int[] ids, int[] labels) {

        /** One sequence of random tokens. */
        static Given random(ModelSpec spec) {
            Random random = new Random(3);
            int vocabulary = Math.toIntExact(spec.vocabulary());
            int[] labels = random.ints(TOKENS, 0, vocabulary).toArray();
            return new Given(TOKENS, random.ints(TOKENS, 0, vocabulary).toArray(), labels);
        }

        /** A part of the batch, as one sequence. */
        Given part(int from, int to) {
            return new Given(to - from, Arrays.copyOfRange(ids, from, to), Arrays.copyOfRange(labels, from, to));
        }
    }

    OpenModel(Device device, ModelSpec spec, CommBackendProvider commProvider,
            Optional<CollectivesProvider> collectivesProvider, ExpertKernelsProvider kernelsProvider,
            RecomputePolicy recompute, long stackBytes, Given given) {
        this.recompute = recompute;
        rank = SingleRank.on(device, stackBytes);
        values = new HostValues(device, rank.context().stream());
        Group group = new Group("expert_parallel", List.of(0), 0);
        peers = device.openPeerGroup(group, rank.context().rendezvous());
        collectives = collectivesProvider.map(provider -> provider.open(group, rank.context()));
        tokens = given.ids.length;
        Stream.concat(Stream.of((long) tokens), PASSES.stream()).distinct()
                .forEach(count -> spec.moe().ifPresent(moe -> exchanges.put(count, commProvider.open(
                        CommConfig.of(count, moe.dim(), moe.experts(), moe.topK(), DType.F32)
                                .withKeptDispatches(count == tokens ? MOST_BLOCKS : 0),
                        new CommContext(rank.context(), group, Optional.of(peers), collectives)))));
        kernels = spec.moe().map(moe -> kernelsProvider.open(rank.context()));
        model = spec.open(new ModelContext(rank.context(), tokens / given.sequence, given.sequence,
                Precision.single(), ShardGroup.alone(), ShardGroup.alone(), group,
                Optional.ofNullable(exchanges.get((long) tokens)), kernels, recompute, false, 42)
                .withExchanges(exchanges).withPredictionWeight(PREDICTION_WEIGHT));
        labels = given.labels;
        ids_T = values.of(given.ids, tokens);
        labels_T = values.of(labels, tokens);
        loss = values.tensor(DType.F32, 1);
        this.given = given;
        model.begin(Microbatch.ONLY.withTokensAhead(ahead(new int[tokens])));
    }

    Model model() {
        return model;
    }

    int[] labels() {
        return labels;
    }

    double[] read(Tensor tensor) {
        return HostValues.read(rank.context().stream(), tensor);
    }

    /** Sets where documents begin, until it is called again. */
    void keepApart(int... starts) {
        int[] positions = new int[starts.length];
        for (int t = 0; t < starts.length; t++) {
            positions[t] = t - starts[t];
        }
        model.begin(Microbatch.ONLY.withDocuments(Optional.of(new DocumentStarts(values.of(starts, starts.length),
                values.of(positions, positions.length)))).withTokensAhead(ahead(starts)));
    }

    /** For module k for multi-token prediction, the tokens k places later and their labels; nothing is predicted beyond the end of a document. */
    private List<TokensAhead> ahead(int... starts) {
        List<TokensAhead> all = new ArrayList<>();
        long modules = model.predictionLosses().map(Tensor::elements).orElse(0L);
        for (int k = 1; k <= modules; k++) {
            int[] ids = given.ids.clone();
            int[] ahead = new int[ids.length];
            Arrays.fill(ahead, LossOps.IGNORED_LABEL);
            for (int t = 0; t + k < ids.length; t++) {
                if (t / given.sequence == (t + k) / given.sequence && starts[t] == starts[t + k]) {
                    ids[t] = given.ids[t + k];
                    ahead[t] = given.labels[t + k];
                }
            }
            all.add(new TokensAhead(values.of(ids, ids.length), values.of(ahead, ahead.length)));
        }
        return all;
    }

    /** The loss whose gradients {@link #forwardBackward} leaves: with those of modules for multi-token prediction, if there are any. */
    double trainedLoss() {
        return forwardBackward()
                + model.predictionLosses().map(sums -> Arrays.stream(read(sums)).sum()).orElse(0.0);
    }

    /** The sum of the losses divided by {@link #TOKENS}, which is their mean for a batch of that many tokens; also computes the gradients. */
    double forwardBackward() {
        try (Scope step = rank.context().memory().openStep()) {
            rank.context().stream().fill(loss, 0);
            model.forwardBackward(ids_T, labels_T, 1f / TOKENS, loss);
            return read(loss)[0];
        }
    }

    /** The same loss and gradients, computed stage by stage. */
    double driveStages() {
        return driveStages(recompute);
    }

    /** The same loss and gradients, computed stage by stage under another policy. */
    double driveStages(RecomputePolicy policy) {
        List<Stage> stages = model.stages();
        try (Scope step = rank.context().memory().openStep()) {
            rank.context().stream().fill(loss, 0);
            Tape tape = Tape.recording(rank.context(), new KeptValues());
            Variable x_TD = ((Stage.First) stages.getFirst()).forward(tape, ids_T);
            for (Stage stage : stages.subList(1, stages.size() - 1)) {
                x_TD = policy.run(tape, (Stage.Inner) stage, x_TD);
            }
            Tensor dx_TD = tape.temporary("gradient", x_TD.tensor().dtype(), Tape.extents(x_TD.tensor()));
            ((Stage.Last) stages.getLast()).lossAndGradient(x_TD.tensor(), labels_T, 1f / TOKENS, loss, dx_TD);
            tape.backward(x_TD, dx_TD);
            return read(loss)[0];
        }
    }

    /** The inputs of the operations of each inner stage; an operation's cost is its number. */
    List<SegmentProfile> profiles() {
        List<SegmentProfile> profiles = new ArrayList<>();
        List<Stage> stages = model.stages();
        try (Scope step = rank.context().memory().openStep()) {
            Variable x_TD = ((Stage.First) stages.getFirst()).forward(Tape.inference(rank.context()), ids_T);
            for (Stage stage : stages.subList(1, stages.size() - 1)) {
                Stage.Inner inner = (Stage.Inner) stage;
                List<ParameterUnit.Gathered> gathered = inner.units().stream().map(ParameterUnit::gather).toList();
                int[] asked = {0};
                Tape tape = Tape.profiling(rank.context(), () -> asked[0]++);
                Variable y_TD = inner.forward(tape, tape.input(x_TD.tensor(), true));
                profiles.add(tape.profile(inner.name(), y_TD));
                gathered.reversed().forEach(ParameterUnit.Gathered::close);
                x_TD = y_TD;
            }
        }
        return profiles;
    }

    /** Each token's loss, by a forward pass only. */
    double[] losses() {
        Tensor losses = values.tensor(DType.F32, tokens);
        try (Scope step = rank.context().memory().openStep()) {
            new ForwardPass(rank.context(), model).losses(ids_T, labels_T, losses);
            return read(losses);
        }
    }

    double[] logits(long vocabulary) {
        Tensor logits = values.tensor(DType.F32, tokens, vocabulary);
        try (Scope step = rank.context().memory().openStep()) {
            model.logits(ids_T, logits);
            return read(logits);
        }
    }

    /** The logits after each pass over the batch's tokens, in one decoding session. */
    List<double[]> decode(long vocabulary, List<Long> passes) {
        Tensor logits = values.tensor(DType.F32, 1, vocabulary);
        List<double[]> all = new ArrayList<>();
        try (DecodingSession session = model.openDecoding(TOKENS)) {
            for (long tokens : passes) {
                try (Scope step = rank.context().memory().openStep()) {
                    session.append(ids_T.slice(0, session.length(), session.length() + tokens), logits);
                    all.add(read(logits));
                }
            }
        }
        return all;
    }

    List<double[]> gradients() {
        return model.units().stream().map(ParameterUnit::gradientShard).map(this::read).toList();
    }

    /** Sets the parameters to parameters + factor · direction, in single precision; returns the previous ones. */
    List<double[]> move(List<double[]> direction, double factor) {
        List<double[]> before = new ArrayList<>();
        for (int unit = 0; unit < direction.size(); unit++) {
            Tensor shard = model.units().get(unit).shard();
            double[] old = read(shard);
            before.add(old);
            double[] moved = old.clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += factor * direction.get(unit)[i];
            }
            HostValues.write(rank.context().stream(), shard, moved);
        }
        return before;
    }

    void restore(List<double[]> parameters) {
        for (int unit = 0; unit < parameters.size(); unit++) {
            HostValues.write(rank.context().stream(), model.units().get(unit).shard(), parameters.get(unit));
        }
    }

    @Override
    public void close() {
        rank.context().stream().synchronize();
        model.close();
        kernels.ifPresent(ExpertKernels::close);
        exchanges.values().forEach(CommBackend::close);
        collectives.ifPresent(Collectives::close);
        peers.close();
        values.close();
        rank.close();
    }
}
