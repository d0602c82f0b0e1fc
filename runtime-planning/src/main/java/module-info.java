/** A device that computes nothing and counts memory: plans run on it. */
module io.moe4j.runtime.planning {
    requires static transitive org.jspecify;
    requires transitive io.moe4j.api;

    exports io.moe4j.runtime.planning;
}
