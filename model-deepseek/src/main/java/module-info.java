/** DeepSeek's models. */
module io.moe4j.model.deepseek {
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires transitive io.moe4j.layers;
    requires static transitive org.jspecify;

    exports io.moe4j.model.deepseek;

    provides io.moe4j.autograd.model.ModelProvider with io.moe4j.model.deepseek.DeepSeekV3Provider;
}
