/** Building blocks of models: tape, parameters, segments, the model SPI. Independent of devices. */
module io.moe4j.autograd {
    requires transitive io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.moe4j.autograd;
    exports io.moe4j.autograd.function;
    exports io.moe4j.autograd.model;
    exports io.moe4j.autograd.recompute;
    exports io.moe4j.autograd.sharding;
}
