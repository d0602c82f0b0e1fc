/** What implementations of {@link io.moe4j.api.ops.DeviceOps} and expert kernels can build on. */
@NullMarked
package io.moe4j.api.ops.support;

import org.jspecify.annotations.NullMarked;
