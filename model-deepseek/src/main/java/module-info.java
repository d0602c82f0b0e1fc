/** DeepSeek-V3. */
module io.moe4j.model.deepseek {
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.moe4j.model.deepseek;

    provides io.moe4j.autograd.model.ModelProvider with io.moe4j.model.deepseek.DeepSeekV3Provider;
}
