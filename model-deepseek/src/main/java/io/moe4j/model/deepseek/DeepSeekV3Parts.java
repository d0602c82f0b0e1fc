package io.moe4j.model.deepseek;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Memory;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.ShardGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Opens the parts of a model in the order of the forward pass, and closes them in reverse, also when opening fails half-way. */
final class DeepSeekV3Parts implements AutoCloseable {
    private final DeepSeekV3Spec spec;
    private final ModelContext context;
    private final Resources resources;
    private final InitialValues initial;
    private final List<ParameterUnit> units = new ArrayList<>();
    private final Map<String, ParameterSlice> names = new LinkedHashMap<>();
    private final Optional<ExpertBalance> balance;
    private final ParameterUnit embeddingUnit;
    private final Parameter embedding_VD;
    private final List<Block> blocks = new ArrayList<>();
    private final Head head;

    static DeepSeekV3Parts open(DeepSeekV3Spec spec, ModelContext context) {
        return Resources.open("deepseek_v3", resources -> new DeepSeekV3Parts(spec, context, resources));
    }

    private DeepSeekV3Parts(DeepSeekV3Spec spec, ModelContext context, Resources resources) {
        this.spec = spec;
        this.context = context;
        this.resources = resources;
        initial = new InitialValues(context.seed());
        balance = spec.moe().map(moe -> resources.add(
                new ExpertBalance(context.rank(), moe.layers(), moe.experts())));
        Tensor cosSin_SR = cosSin(resources);
        UnitBuilder embedding = new UnitBuilder("embedding", initial);
        embedding_VD = embedding.embedding("table", "model.embed_tokens.weight", spec.vocabulary(), spec.dim());
        embeddingUnit = build(resources, embedding, context.dense());
        for (int layer = 0; layer < spec.layers(); layer++) {
            blocks.add(block(resources, layer, cosSin_SR));
        }
        UnitBuilder last = new UnitBuilder("head", initial);
        Parameter norm_D = last.norm("norm", "model.norm.weight", spec.dim());
        Parameter projection_VD = last.head("projection", "lm_head.weight", spec.vocabulary(), spec.dim());
        head = new Head(context.rank(), build(resources, last, context.dense()), norm_D, projection_VD,
                spec.normEps());
    }

    List<ParameterUnit> units() {
        return units;
    }

    Map<String, ParameterSlice> names() {
        return names;
    }

    Optional<ExpertBalance> balance() {
        return balance;
    }

    Embedding embedding(Tensor ids_T) {
        return new Embedding(embeddingUnit, embedding_VD, ids_T, context.precision().compute());
    }

    List<Block> blocks() {
        return blocks;
    }

    Head head() {
        return head;
    }

    private Block block(Resources resources, int layer, Tensor cosSin_SR) {
        String name = "layers." + layer;
        String prefix = "model.layers." + layer + ".";
        double outputStd = UnitBuilder.STD / Math.sqrt(2.0 * (layer + 1));
        UnitBuilder dense = new UnitBuilder(name, initial);
        UnitBuilder experts = new UnitBuilder(name + ".experts", initial);
        Parameter attentionNorm = dense.norm("attention_norm", prefix + "input_layernorm.weight", spec.dim());
        LatentAttention attention = new LatentAttention(spec, context, cosSin_SR, dense, prefix, outputStd);
        Parameter feedForwardNorm = dense.norm("feed_forward_norm", prefix + "post_attention_layernorm.weight",
                spec.dim());
        FeedForwardLayer feedForward = switch (spec.feedForward(layer)) {
            case FeedForward.Dense(long hidden) -> DenseFeedForward.of(dense, "feed_forward", prefix + "mlp.",
                    outputStd, hidden, spec.dim());
            case FeedForward.MixtureOfExperts moe -> new MoeFeedForward(moe, spec.dim(), context,
                    balance.orElseThrow().layer(layer - spec.denseLayers()), dense, experts, prefix, outputStd);
        };
        List<ParameterUnit> mine = new ArrayList<>();
        mine.add(build(resources, dense, context.dense()));
        if (spec.feedForward(layer) instanceof FeedForward.MixtureOfExperts) {
            mine.add(build(resources, experts, context.expert()));
        }
        return new Block(name, List.copyOf(mine), spec.normEps(), attentionNorm, attention, feedForwardNorm,
                feedForward);
    }

    private ParameterUnit build(Resources resources, UnitBuilder builder, ShardGroup group) {
        ParameterUnit unit = resources.add(builder.build(context, group));
        units.add(unit);
        names.putAll(builder.names());
        return unit;
    }

    private Tensor cosSin(Resources resources) {
        int sequence = Math.toIntExact(context.sequence());
        long rope = spec.attention().rope();
        Memory memory = resources.add(context.rank().device().allocate(Tensor.bytes(DType.F32, sequence, rope),
                "rope table"));
        Tensor table = Tensor.of(memory, 0, DType.F32, sequence, rope);
        if (!context.rank().device().kind().equals(DeviceKind.PLANNING)) {
            context.rank().stream().upload(MemorySegment.ofArray(RopeTable.cosSin(spec.attention(), sequence)), table);
        }
        return table;
    }

    @Override
    public void close() {
        resources.close();
    }
}
