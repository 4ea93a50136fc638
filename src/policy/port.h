// The door to policy: verdicts at connect, login, MAIL, RCPT and VRFY.
#pragma once

#include "rt/world.h"
#include "wire/smtp/question.h"

namespace ph::policy {

class Policy {
 public:
  virtual ~Policy() = default;
  /// Always answers: a room that fails or a deadline that passes is Reason::temporary_failure.
  virtual Task<smtp::Verdict> decide(smtp::Question question, rt::Instant deadline) = 0;
  /// The connection that was admitted at AskConnect is gone (its slot in the limits is free again).
  /// Never fails; synchronous so that a destructor may call it.
  virtual void departed(const smtp::Client& client) = 0;
};

}  // namespace ph::policy
