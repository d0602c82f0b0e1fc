/** Helpers for implementations of {@link io.moe4j.api.ops.DeviceOps} and of expert kernels. */
@NullMarked
package io.moe4j.api.ops.support;

import org.jspecify.annotations.NullMarked;
