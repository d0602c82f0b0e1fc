package io.moe4j.layers.decoder;

import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.layers.block.Block;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.CurrentDocuments;
import io.moe4j.layers.block.ExpertBalance;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.block.RouterLossSums;
import io.moe4j.layers.init.InitialValues;
import io.moe4j.layers.rotary.RotaryTables;
import io.moe4j.layers.unit.Adapters;
import io.moe4j.layers.unit.RmsNorm;
import io.moe4j.layers.unit.UnitBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Opens the parts of a model in the order of the forward pass, and closes them in reverse, also when opening fails half-way. */
final class DecoderParts implements AutoCloseable {
    private final DecoderSpec spec;
    private final ModelContext context;
    private final Resources resources;
    private final InitialValues initial;
    private final RotaryTables rotary;
    private final CurrentDocuments documents;
    private final List<ParameterUnit> units = new ArrayList<>();
    private final Map<String, ParameterSlice> names = new LinkedHashMap<>();
    private final Map<String, ParameterSlice> adapterNames = new LinkedHashMap<>();
    private final Map<Integer, ExpertBalance.Layer> balances = new LinkedHashMap<>();
    private final Optional<ExpertBalance> balance;
    private final Optional<RouterLossSums> routerLosses;
    private final EmbeddingStage embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final HeadStage head;

    static DecoderParts open(DecoderSpec spec, ModelContext context) {
        return Resources.open(spec.name(), resources -> new DecoderParts(spec, context, resources));
    }

    private DecoderParts(DecoderSpec spec, ModelContext context, Resources resources) {
        this.spec = spec;
        this.context = context;
        this.resources = resources;
        initial = new InitialValues(context.seed());
        rotary = new RotaryTables(context.rank(), context.sequence(), resources);
        documents = new CurrentDocuments(context.tokens());
        balance = spec.moe().map(moe -> resources.add(
                new ExpertBalance(context.rank(), moe.layers(), moe.experts())));
        routerLosses = spec.moe().filter(moe -> !context.routerLosses().isNone())
                .map(moe -> resources.add(new RouterLossSums(context.rank(), moe.layers())));
        embedding = openEmbedding();
        for (int layer = 0; layer < spec.blocks().size(); layer++) {
            blocks.add(openBlock(layer));
        }
        head = openHead();
    }

    /** In the order of the forward pass. */
    List<ParameterUnit> units() {
        return units;
    }

    Map<String, ParameterSlice> names() {
        return names;
    }

    Map<String, ParameterSlice> adapterNames() {
        return adapterNames;
    }

    CurrentDocuments documents() {
        return documents;
    }

    Optional<ExpertBalance> balance() {
        return balance;
    }

    /** Sums of the losses of routing, if there are such losses. */
    Optional<RouterLossSums> routerLosses() {
        return routerLosses;
    }

    /** Balance of the blocks that have experts, by number of the block. */
    Map<Integer, ExpertBalance.Layer> balances() {
        return balances;
    }

    EmbeddingStage embedding() {
        return embedding;
    }

    List<Block> blocks() {
        return blocks;
    }

    HeadStage head() {
        return head;
    }

    private EmbeddingStage openEmbedding() {
        UnitBuilder unit = new UnitBuilder("embedding", initial);
        Parameter table_VD = spec.tiedEmbedding()
                ? unit.head("table", "model.embed_tokens.weight", spec.vocabulary(), spec.dim())
                : unit.embedding("table", "model.embed_tokens.weight", spec.vocabulary(), spec.dim());
        return new EmbeddingStage(build(unit, context.dense()), table_VD, spec.tiedEmbedding(),
                context.precision().compute());
    }

    private Block openBlock(int layer) {
        String name = "layers." + layer;
        UnitBuilder dense = new UnitBuilder(name, initial);
        UnitBuilder experts = new UnitBuilder(name + ".experts", initial);
        boolean routed = spec.blocks().get(layer).feedForward().experts().isPresent();
        if (routed) {
            balances.put(layer, balance.orElseThrow().layer(balances.size()));
        }
        int firstExpert = spec.moe().map(moe -> moe.experts() / context.expertGroup().size()).orElse(0)
                * context.expertGroup().index();
        Adapters denseAdapters = new Adapters(context.lora(), dense, initial, 0);
        Adapters expertAdapters = new Adapters(context.lora(), experts, initial, firstExpert);
        BlockBuilder block = new BlockBuilder(context, layer, spec.dim(), spec.normEps(), dense, experts,
                denseAdapters, expertAdapters, rotary,
                documents, Optional.ofNullable(balances.get(layer)), routed
                        ? routerLosses.map(sums -> new RouterLossSums.Layer(sums, balances.size() - 1))
                        : Optional.empty());
        RmsNorm attentionNorm = block.norm("attention_norm", "input_layernorm.weight", spec.dim(), spec.normEps());
        Layer attention = spec.blocks().get(layer).attention().open(block);
        RmsNorm feedForwardNorm = block.norm("feed_forward_norm", "post_attention_layernorm.weight", spec.dim(),
                spec.normEps());
        Layer feedForward = spec.blocks().get(layer).feedForward().open(block);
        List<ParameterUnit> mine = new ArrayList<>();
        mine.add(build(dense, context.dense()));
        build(denseAdapters, context.dense()).ifPresent(mine::add);
        if (routed) {
            mine.add(build(experts, context.expert()));
            build(expertAdapters, context.expert()).ifPresent(mine::add);
        }
        return new Block(name, List.copyOf(mine), attentionNorm, attention, feedForwardNorm, feedForward);
    }

    private HeadStage openHead() {
        UnitBuilder unit = new UnitBuilder("head", initial);
        RmsNorm norm = new RmsNorm(unit.norm("norm", "model.norm.weight", spec.dim()), spec.normEps());
        Parameter projection_VD = spec.tiedEmbedding() ? embedding.table_VD()
                : unit.head("projection", "lm_head.weight", spec.vocabulary(), spec.dim());
        Optional<ParameterUnit> shared = spec.tiedEmbedding() ? Optional.of(embedding.unit()) : Optional.empty();
        return new HeadStage(context.rank(), build(unit, context.dense()), shared, norm, projection_VD);
    }

    private ParameterUnit build(UnitBuilder builder, ShardGroup group) {
        ParameterUnit unit = resources.add(builder.build(context, group));
        units.add(unit);
        names.putAll(builder.names());
        return unit;
    }

    private Optional<ParameterUnit> build(Adapters adapters, ShardGroup group) {
        Optional<ParameterUnit> unit = adapters.build(context, group).map(resources::add);
        unit.ifPresent(units::add);
        adapterNames.putAll(adapters.names());
        return unit;
    }

    @Override
    public void close() {
        resources.close();
    }
}
