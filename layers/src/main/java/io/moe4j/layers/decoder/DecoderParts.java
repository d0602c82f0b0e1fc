package io.moe4j.layers.decoder;

import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.Stage;
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
import io.moe4j.layers.unit.Linear;
import io.moe4j.layers.unit.RmsNorm;
import io.moe4j.layers.unit.UnitBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Opens the parts of a model in the order of the forward pass, and closes them in reverse, also when opening fails half-way. */
final class DecoderParts implements AutoCloseable {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

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
    private final Stage.Last head;
    private final Optional<PredictingHead> predictions;
    private final Map<String, String> repeatedNames = new LinkedHashMap<>();

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
            blocks.add(build(begin(layer, spec.blocks().get(layer))));
        }
        predictions = spec.predictionDepth() == 0 ? Optional.empty() : Optional.of(openPredictingHead());
        head = predictions.isPresent() ? predictions.get() : openHead();
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

    Stage.Last head() {
        return head;
    }

    /** The head, if it has modules for multi-token prediction. */
    Optional<PredictingHead> predictions() {
        return predictions;
    }

    /** Names under which published checkpoints repeat a tensor, with the tensor's own. */
    Map<String, String> repeatedNames() {
        return repeatedNames;
    }

    private EmbeddingStage openEmbedding() {
        UnitBuilder unit = new UnitBuilder("embedding", initial);
        Parameter table_VD = spec.tiedEmbedding()
                ? unit.head("table", EMBEDDING, spec.vocabulary(), spec.dim())
                : unit.embedding("table", EMBEDDING, spec.vocabulary(), spec.dim());
        return new EmbeddingStage(build(unit, context.dense()), table_VD, spec.tiedEmbedding(), new TableGradients(),
                context.precision().compute());
    }

    /** A block to whose dense unit more parameters may be added before it is built. */
    private Begun begin(int layer, BlockSpec kind) {
        String name = "layers." + layer;
        UnitBuilder dense = new UnitBuilder(name, initial);
        UnitBuilder experts = new UnitBuilder(name + ".experts", initial);
        boolean routed = kind.feedForward().experts().isPresent();
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
        return new Begun(name, kind, block);
    }

    private Block build(Begun begun) {
        BlockBuilder block = begun.block;
        RmsNorm attentionNorm = block.norm("attention_norm", "input_layernorm.weight", spec.dim(), spec.normEps());
        Layer attention = begun.kind.attention()
                .open(block.updating(begun.kind.attention().adapterMatrices(spec.dim())));
        RmsNorm feedForwardNorm = block.norm("feed_forward_norm", "post_attention_layernorm.weight", spec.dim(),
                spec.normEps());
        Layer feedForward = begun.kind.feedForward()
                .open(block.updating(begun.kind.feedForward().adapterMatrices(spec.dim())));
        List<ParameterUnit> mine = new ArrayList<>();
        mine.add(build(block.dense(), context.dense()));
        build(block.denseAdapters(), context.dense()).ifPresent(mine::add);
        if (block.balance().isPresent()) {
            mine.add(build(block.experts(), context.expert()));
            build(block.expertAdapters(), context.expert()).ifPresent(mine::add);
        }
        return new Block(begun.name, List.copyOf(mine), attentionNorm, attention, feedForwardNorm, feedForward);
    }

    private HeadStage openHead() {
        UnitBuilder unit = new UnitBuilder("head", initial);
        FinalNorm norm = finalNorm(unit);
        VocabularyLoss loss = new VocabularyLoss(context.rank(), projection(unit));
        return new HeadStage(context.rank(), List.of(build(unit, context.dense())), sharedProjection(), norm, loss);
    }

    private PredictingHead openPredictingHead() {
        UnitBuilder normUnit = new UnitBuilder("norm", initial);
        UnitBuilder unit = new UnitBuilder("head", initial);
        FinalNorm norm = finalNorm(normUnit);
        VocabularyLoss loss = new VocabularyLoss(context.rank(), projection(unit));
        ParameterUnit ofNorm = build(normUnit, context.dense());
        Optional<ParameterUnit> ofProjection = spec.tiedEmbedding() ? Optional.empty()
                : Optional.of(build(unit, context.dense()));
        List<PredictionModule> modules = new ArrayList<>();
        for (int k = 0; k < spec.predictionDepth(); k++) {
            modules.add(openModule(blocks.size() + k));
        }
        return new PredictingHead(context, ofNorm, ofProjection, sharedProjection(), norm, loss, embedding, modules,
                resources.add(new PredictionLosses(context.rank(), modules.size())));
    }

    /** Opens a module under the names of DeepSeek-V3, whose checkpoints store these modules as layers after the last one. */
    private PredictionModule openModule(int layer) {
        Begun begun = begin(layer, spec.predictionBlock());
        BlockBuilder block = begun.block;
        RmsNorm token = block.norm("token_norm", "enorm.weight", spec.dim(), spec.normEps());
        RmsNorm hidden = block.norm("hidden_norm", "hnorm.weight", spec.dim(), spec.normEps());
        // Not through the block: this product keeps the type of activations, whatever type the block's products have.
        Linear project = new Linear(block.dense().matrix("project", block.prefix() + "eh_proj.weight",
                UnitBuilder.STD, spec.dim(), 2 * spec.dim()));
        RmsNorm norm = block.norm("head_norm", "shared_head.norm.weight", spec.dim(), spec.normEps());
        repeatedNames.put(block.prefix() + "embed_tokens.weight", EMBEDDING);
        repeatedNames.put(block.prefix() + "shared_head.head.weight", spec.tiedEmbedding() ? EMBEDDING : HEAD);
        return new PredictionModule(build(begun), token, hidden, project, norm);
    }

    private FinalNorm finalNorm(UnitBuilder unit) {
        return new FinalNorm(context.rank(),
                new RmsNorm(unit.norm("norm", "model.norm.weight", spec.dim()), spec.normEps()));
    }

    private Parameter projection(UnitBuilder unit) {
        return spec.tiedEmbedding() ? embedding.table_VD()
                : unit.head("projection", HEAD, spec.vocabulary(), spec.dim());
    }

    private Optional<ParameterUnit> sharedProjection() {
        return spec.tiedEmbedding() ? Optional.of(embedding.unit()) : Optional.empty();
    }

    /** A block that is not built yet. */
    private record Begun(String name, BlockSpec kind, BlockBuilder block) {}

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
