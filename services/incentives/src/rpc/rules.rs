use chassis::access::caller;
use proto::incentives::v1::{self, earning_rule_service_server::EarningRuleService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// What a report earns.
pub struct EarningRules(pub Incentives);

#[tonic::async_trait]
impl EarningRuleService for EarningRules {
    async fn get_earning_rules(
        &self,
        request: Request<v1::GetEarningRulesRequest>,
    ) -> Result<Response<v1::EarningRules>, Status> {
        let version = request.get_ref().version;
        let set = ops::get_earning_rules(&self.0, &caller(&request)?, version).await?;
        Ok(Response::new(wire::rules::rule_set(set)))
    }

    async fn put_earning_rules(
        &self,
        request: Request<v1::PutEarningRulesRequest>,
    ) -> Result<Response<v1::EarningRules>, Status> {
        let caller = caller(&request)?;
        let (edited, rules, valid_from) = wire::rules::rules(request.into_inner().rules)?;
        let set = ops::put_earning_rules(&self.0, &caller, edited, rules, valid_from).await?;
        Ok(Response::new(wire::rules::rule_set(set)))
    }

    async fn simulate_earning_rules(
        &self,
        request: Request<v1::SimulateEarningRulesRequest>,
    ) -> Result<Response<v1::EarningSimulation>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (month, (_, rules, _)) = (wire::rules::month(&asked.month)?, wire::rules::rules(asked.rules)?);
        let tried = ops::simulate_earning_rules(&self.0, &caller, &rules, month).await?;
        Ok(Response::new(wire::rules::simulation(tried)))
    }
}
