/** Qwen's mixture-of-experts models. */
module io.moe4j.model.qwen {
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires transitive io.moe4j.layers;
    requires static transitive org.jspecify;

    exports io.moe4j.model.qwen;

    provides io.moe4j.autograd.model.ModelProvider with io.moe4j.model.qwen.Qwen3MoeProvider;
}
