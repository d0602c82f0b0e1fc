/** Event files for TensorBoard. */
module io.moe4j.metrics.tensorboard {
    requires io.moe4j.api;
    requires static transitive org.jspecify;

    exports io.moe4j.metrics.tensorboard;
}
