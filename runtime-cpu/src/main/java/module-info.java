/** The CPU device. */
module io.moe4j.runtime.cpu {
    requires io.moe4j.api;
    requires io.moe4j.runtime.planning;
    requires jdk.incubator.vector;
    requires org.bytedeco.javacpp;
    requires org.bytedeco.openblas;
    requires org.slf4j;
    requires static transitive org.jspecify;
}
